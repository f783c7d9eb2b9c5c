"""How long evaluating takes beside the bare interpreter on the same samples and threads."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.data import PreparedSet, open_data, prepared
from edgecomp.evaluate.running import in_chunks
from edgecomp.models import TensorSpec
from edgecomp.worker import Worker

from .recovery_networks import residual

IMAGES = 10_000
SHAPE = (32, 32, 3)
CLASSES = 10
ROUNDS = 5
GOAL = "goal: at most 1.2x"


def measure(folder: Path) -> list[str]:
    """Alternates evaluating with the interpreter alone: one of all threads, and one for each thread.

    Returns:
        lines for people to read.
    """
    file, contract = _network()
    samples = _samples(contract)
    stored = np.stack([sample.feeds["photo"][0] for sample in samples])
    stored = np.clip(np.rint(stored * 255) - 128, -128, 127).astype(np.int8)[:, None]
    threads = os.cpu_count() or 1
    with Worker(log=folder / "log.txt", warm=("edgecomp.evaluate.assess",)) as worker:
        seconds: dict[str, list[float]] = {"ours": [], "one": [], "each": []}
        for turn in range(ROUNDS + 1):
            taken = {
                "ours": _timed(_evaluate, worker, file, contract, samples, threads),
                "one": _timed(_bare, file, stored, 1, threads),
                "each": _timed(_bare, file, stored, threads, 1),
            }
            for name, value in taken.items() if turn else ():  # the first warms up
                seconds[name].append(value)
    return [
        f"evaluating {IMAGES} CIFAR-size images with an int8 ResNet-8: {statistics.median(seconds['ours']):.2f} s",
        _line(seconds, "one", f"one bare interpreter of {threads} threads"),
        _line(seconds, "each", f"{threads} bare interpreters of one thread each"),
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


def _samples(contract: Contract) -> PreparedSet:
    rng = np.random.default_rng(1)
    photos = rng.integers(0, 256, (IMAGES, *SHAPE)).astype(np.uint8)
    labels = rng.integers(0, CLASSES, IMAGES)
    return prepared(open_data((photos, labels), inputs=[TensorSpec("photo", (1, *SHAPE))]), contract)


def _line(seconds: dict[str, list[float]], name: str, what: str) -> str:
    ratios = [ours / bare for ours, bare in zip(seconds["ours"], seconds[name], strict=True)]
    return f"  {statistics.median(ratios):.2f}x {what} ({min(ratios):.2f} to {max(ratios):.2f}; {GOAL})"


def _timed(function: Any, *arguments: Any) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def _evaluate(worker: Worker, file: bytes, contract: Contract, samples: PreparedSet, threads: int) -> None:
    def pairs() -> Iterator[tuple[dict[str, np.ndarray], Any]]:
        return ((sample.feeds, sample.label) for sample in samples)

    found = worker.call(
        "edgecomp.evaluate.assess:assess",
        {"file": file},
        contract,
        threads=threads,
        task="classification",
        stream=in_chunks(pairs()),
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
