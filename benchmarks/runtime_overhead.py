"""What the device package adds to each inference, over the bare interpreter's set, invoke and get."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .networks import float_tflite, quantized

RUNS = 3000
BLOCK = 50


def measure(folder: Path) -> list[str]:
    """Alternates blocks of inferences of both, on float arrays into an int8 and a float file.

    Returns:
        lines for people to read.
    """
    file = float_tflite()
    int8 = quantized(file)
    cases = (
        ("float32 array, float32 file", file, _float_values, False),
        ("int8 array, int8 file", int8, _stored_values, False),
        ("float32 array, int8 file, quantized by hand on the bare side", int8, _float_values, True),
    )
    lines = []
    for name, content, values_of, by_hand in cases:
        bare, ours = _compare(content, values_of, by_hand)
        lines.append(
            f"Model.run over bare set/invoke/get, {name}: p50 {1e6 * bare:.1f} -> {1e6 * ours:.1f} µs, "
            f"{1e6 * (ours - bare):+.1f} µs, {ours / bare:.3f}x (goal: at most +30 µs or 1.05x, whichever is larger)"
        )
    return lines


def _float_values(tensor: Any) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, tensor.shape[1:]).astype(np.float32)


def _stored_values(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.encode(_float_values(tensor)))


def _compare(content: bytes, values_of: Callable[[Any], np.ndarray], by_hand: bool) -> tuple[float, float]:
    """Median seconds of one inference, bare and through `Model.run`."""
    from ai_edge_litert.interpreter import Interpreter
    from edgecomp_runtime import Model

    model = Model.load(content, engine="ai_edge_litert")
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    values = values_of(model.input)
    batch = values[None]
    scale, zero_point = model.input.scale, model.input.zero_point
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def bare() -> None:
        fed = np.clip(np.round(batch / scale + zero_point), -128, 127).astype(np.int8) if by_hand else batch
        interpreter.set_tensor(source, fed)
        interpreter.invoke()
        interpreter.get_tensor(result)

    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS // BLOCK):
        for kept, run in zip(times, (bare, lambda: model.run(values)), strict=True):
            kept.extend(_block(run))
    return statistics.median(times[0]), statistics.median(times[1])


def _block(run: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(BLOCK):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times
