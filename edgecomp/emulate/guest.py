"""What runs inside the emulator: .tflite files on stored inputs, with marks around inferences for the counter.

    python guest.py FOLDER
    python guest.py --try      only loads the interpreter

FOLDER holds, for each place N from 0 on, `N.tflite` and `N.npz` with `input_0`, `input_1`, … in the graph's order, each
[samples, *shape], and in all `plan.json` with `files` and `counted`: how many files there are, and how many inferences
of each are counted after every sample has run once. N is printed before the file is opened. `N.out.npz` then holds
`output_0`, … [samples, *shape] and `partitions`, the parts of the graph that a delegate took over.

The counter writes a number at each mark: for each file in turn two with nothing in between, then two for each counted
inference. Needs NumPy and an interpreter and nothing of edgecomp; where there is no counter the marks do nothing.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

MARK = 0x7EC0DE00
"""No process group has this number; the counter looks for it."""

SILENT = MARK + 1
"""Likewise no process group, and nothing to the counter."""

WARM_UP = 16
"""Python 3.11 and later rewrite functions as they are called, up to the eighth time."""


def main(folder: Path) -> None:
    """Runs what lies in a folder, as the module's docstring says."""
    plan = json.loads((folder / "plan.json").read_text())
    interpreter_class = _interpreter_class()
    gc.disable()
    for number in range(plan["files"]):
        print(number, flush=True)
        _run(interpreter_class, folder, number, plan["counted"])


def _run(interpreter_class: Any, folder: Path, number: int, counted: int) -> None:
    path = folder / f"{number}.tflite"
    interpreter = interpreter_class(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    with np.load(path.with_suffix(".npz")) as stored:
        inputs = [stored[f"input_{place}"] for place in range(len(stored.files))]
    indices = [detail["index"] for detail in interpreter.get_input_details()]
    results: list[list[Any]] = [[] for _ in interpreter.get_output_details()]
    for sample in range(len(inputs[0])):
        for index, values in zip(indices, inputs, strict=True):
            interpreter.set_tensor(index, values[sample])
        interpreter.invoke()
        for kept, detail in zip(results, interpreter.get_output_details(), strict=True):
            kept.append(interpreter.get_tensor(detail["index"]))
    if counted:
        _count(interpreter.invoke, counted, warm_up=1 if number else WARM_UP)
    arrays: dict[str, Any] = {f"output_{place}": np.stack(kept) for place, kept in enumerate(results)}
    partitions = sum(one["op_name"] == "DELEGATE" for one in interpreter._get_ops_details())
    np.savez(path.with_suffix(".out.npz"), partitions=np.int64(partitions), **arrays)


def _count(invoke: Callable[[], object], times: int, warm_up: int) -> None:
    for _ in range(warm_up):
        _between_marks(_nothing, SILENT)
        _between_marks(invoke, SILENT)
    _between_marks(_nothing, MARK)
    for _ in range(times):
        _between_marks(invoke, MARK)


def _between_marks(action: Callable[[], object], mark: int) -> None:
    _mark(mark)
    action()
    _mark(mark)


def _nothing() -> None:
    """What calling a function costs by itself."""


def _mark(mark: int) -> None:
    try:
        os.getpgid(mark)
    except ProcessLookupError:
        return


def _interpreter_class() -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    return Interpreter


if __name__ == "__main__":
    if sys.argv[1:] == ["--try"]:
        _interpreter_class()
    else:
        main(Path(sys.argv[1]))
