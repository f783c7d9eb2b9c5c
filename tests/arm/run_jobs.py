"""Runs .tflite files on stored inputs with whatever interpreter this Python has; started by the tests elsewhere.

Usage: run_jobs.py FOLDER. For each NAME.tflite there, NAME.npz holds arrays by input name, [samples, *shape]. Writes
NAME.out.npz with the outputs in the graph's order, [samples, *shape], and `delegates`, the number of DELEGATE nodes.
"""

import pathlib
import sys

import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tflite_runtime.interpreter import Interpreter


def run(path):
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    stored = np.load(path.with_suffix(".npz"))
    inputs = [(detail["index"], stored[detail["name"]]) for detail in interpreter.get_input_details()]
    outputs = [detail["index"] for detail in interpreter.get_output_details()]
    collected = [[] for _ in outputs]
    for sample in range(len(inputs[0][1])):
        for index, values in inputs:
            interpreter.set_tensor(index, values[sample])
        interpreter.invoke()
        for place, index in enumerate(outputs):
            collected[place].append(interpreter.get_tensor(index).copy())
    delegates = sum(detail["op_name"] == "DELEGATE" for detail in interpreter._get_ops_details())
    arrays = {f"output{place}": np.stack(kept) for place, kept in enumerate(collected)}
    np.savez(path.with_suffix(".out.npz"), delegates=delegates, **arrays)


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.tflite")):
    run(path)
