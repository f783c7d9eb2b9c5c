"""How long evaluating takes beside the bare interpreter on the same samples and threads."""

from __future__ import annotations

import os
import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.data import open_data, prepared
from edgecomp.models import TensorSpec
from edgecomp.pipeline.evaluating.setting import sample_chunks
from edgecomp.worker import Worker

from .recovery_networks import residual

IMAGES = 10_000
SHAPE = (32, 32, 3)
CLASSES = 10
ROUNDS = 5
GOAL = "goal: at most 1.2x"


def measure(folder: Path) -> list[str]:
    """Alternates evaluating with the interpreter alone: one of all threads, and one for each thread.

    Every evaluation opens the samples anew, as a command does; what is compared besides the time is that of all
    processors together, which other work on the machine does not stretch.

    Returns:
        lines for people to read.
    """
    file, contract = _network()
    photos, labels = _photos()
    stored = np.clip(np.rint(photos / np.float32(255) * 255) - 128, -128, 127).astype(np.int8)[:, None]
    threads = os.cpu_count() or 1
    with Worker(log=folder / "log.txt", warm=("edgecomp.evaluate.assess",)) as worker:
        taken: dict[str, list[Taken]] = {"ours": [], "one": [], "each": []}
        for turn in range(ROUNDS + 1):
            found = {
                "ours": _timed(worker, _evaluate, worker, file, contract, photos, labels, threads),
                "one": _timed(worker, _bare, file, stored, 1, threads),
                "each": _timed(worker, _bare, file, stored, threads, 1),
            }
            for name, value in found.items() if turn else ():  # the first warms up
                taken[name].append(value)
    seconds = statistics.median(one.wall for one in taken["ours"])
    return [
        f"evaluating {IMAGES} CIFAR-size images with an int8 ResNet-8: {seconds:.2f} s",
        _line(taken, "one", f"one bare interpreter of {threads} threads"),
        _line(taken, "each", f"{threads} bare interpreters of one thread each"),
    ]


def _network() -> tuple[bytes, Contract]:
    """An int8 ResNet-8 with random weights, calibrated on noise."""
    import keras

    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.tflite import read_tflite, with_signature

    keras.utils.set_random_seed(0)
    opened = from_keras(residual(SHAPE))
    file = with_signature(convert_graph(freeze(opened)), ["photo"], ["classes"])
    rng = np.random.default_rng(0)
    noise = [{"photo": rng.random((1, *SHAPE), np.float32)} for _ in range(20)]
    ranges = choose_ranges(observe(file, threads=1, stream=noise), "minmax", model=read_tflite(file))
    inputs, outputs = [TensorSpec("photo", (1, *SHAPE))], [TensorSpec("classes", (1, CLASSES))]
    contract = build_contract(parse_preprocess("0..1"), inputs, outputs, images=True)
    outputs_of = (replace(contract.outputs[0], kind="classification"),)
    return quantize(file, scheme="int8", io="int8", ranges=ranges), replace(contract, outputs=outputs_of)


def _photos() -> tuple[np.ndarray, np.ndarray]:
    """Noise and labels: uint8 [n, height, width, 3], int64 [n]."""
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (IMAGES, *SHAPE)).astype(np.uint8), rng.integers(0, CLASSES, IMAGES)


class Taken(NamedTuple):
    """Seconds of one run: of the clock, and of all processors together."""

    wall: float
    processors: float


def _line(taken: dict[str, list[Taken]], name: str, what: str) -> str:
    pairs = list(zip(taken["ours"], taken[name], strict=True))
    walls = [ours.wall / bare.wall for ours, bare in pairs]
    processors = statistics.median(ours.processors / bare.processors for ours, bare in pairs)
    spread = f"{min(walls):.2f} to {max(walls):.2f}"
    return f"  {statistics.median(walls):.2f}x {what} ({spread}; {GOAL}); {processors:.2f}x its processor time"


def _timed(worker: Worker, function: Any, *arguments: Any) -> Taken:
    start, before = time.perf_counter(), _processors(worker)
    function(*arguments)
    return Taken(time.perf_counter() - start, _processors(worker) - before)


def _processors(worker: Worker) -> float:
    """Processor time that this process and its worker have taken so far, in seconds."""
    with open(f"/proc/{worker.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _evaluate(
    worker: Worker, file: bytes, contract: Contract, photos: np.ndarray, labels: np.ndarray, threads: int
) -> None:
    samples = prepared(open_data((photos, labels), inputs=[TensorSpec("photo", (1, *SHAPE))]), contract)
    found = worker.call(
        "edgecomp.evaluate.assess:assess",
        {"file": file},
        contract,
        threads=threads,
        task="classification",
        stream=sample_chunks(samples),
    )
    assert found["file"].n == IMAGES


def _bare(file: bytes, stored: np.ndarray, interpreters: int, threads: int) -> None:
    """Set, invoke, get; values are quantized already."""
    places = np.array_split(np.arange(len(stored)), interpreters)
    workers = [threading.Thread(target=_loop, args=(file, stored[one], threads)) for one in places]
    for one in workers:
        one.start()
    for one in workers:
        one.join()


def _loop(file: bytes, stored: np.ndarray, threads: int) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file, num_threads=threads)
    interpreter.allocate_tensors()
    given, got = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    for row in stored:
        interpreter.set_tensor(given, row)
        interpreter.invoke()
        interpreter.get_tensor(got)
