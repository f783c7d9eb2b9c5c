"""What the device package adds to the bare interpreter: time of one inference, and memory of the process."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .networks import float_tflite, quantized

RUNS = 3000
BLOCK = 50
MEMORY_RUNS = 7
GOLDEN_SAMPLES = 16

TIME_GOAL = "goal: at most +20 µs or 1.03x, whichever is larger"
MEMORY_GOAL = "goal: at most +3.0 MB"

_BARE = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
detail = interpreter.get_input_details()[0]
for _ in range(20):
    interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
"""
_OURS = """
import sys
import numpy as np
from edgecomp_runtime import Model
model = Model.load(sys.argv[1], engine="ai_edge_litert")
for _ in range(20):
    model.predict(np.zeros(model.input.shape[1:], np.float32))
"""
_HELD = """
import re
print(*re.findall(r"Vm(?:RSS|HWM):\\s+(\\d+)", open("/proc/self/status").read()))  # HWM, the peak, comes first
"""


def measure(folder: Path) -> list[str]:
    """Alternates blocks of inferences of both, and whole processes of both.

    Returns:
        lines for people to read.
    """
    file = float_tflite()
    int8 = quantized(file)
    cases = (
        ("Model.run, float32 array, float32 file", file, "run", _float_values, False),
        ("Model.predict, float32 array, float32 file", file, "predict", _float_values, False),
        ("Model.run, int8 array, int8 file", int8, "run", _stored_values, False),
        (
            "Model.predict, float32 array, int8 file, quantized by hand on the bare side",
            int8,
            "predict",
            _float_values,
            True,
        ),
    )
    from edgecomp_runtime.bundle.restore import nowhere
    from edgecomp_runtime.bundle.restored_zip import restored_zip

    lines = []
    for name, content, method, values_of, by_hand in cases:
        bare, ours = _compare(content, method, values_of, by_hand)
        lines.append(
            f"{name}, over bare set/invoke/get: p50 {1e6 * bare:.1f} -> {1e6 * ours:.1f} µs, "
            f"{1e6 * (ours - bare):+.1f} µs, {ours / bare:.3f}x ({TIME_GOAL})"
        )
    for kind, content in (("float32", file), ("int8", int8)):
        path, bundle = folder / f"{kind}.tflite", folder / f"{kind}.zip"
        path.write_bytes(content)
        bundle.write_bytes(_bundle_of(content, kind))
        installed = folder / f"{kind}.installed.zip"
        installed.write_bytes(b"".join(restored_zip(bundle, nowhere)))
        for what, ours in (("file", path), ("bundle as installed", installed), ("bundle as sent", bundle)):
            (bare_peak, bare_mb), (peak, mb) = _held_mb(path, ours)
            lines.append(
                f"memory with a {kind} {what} loaded and run: {bare_mb:.1f} -> {mb:.1f} MB, {mb - bare_mb:+.1f} MB; "
                f"at the peak {peak - bare_peak:+.1f} MB ({MEMORY_GOAL})"
            )
    return lines


def _bundle_of(content: bytes, scheme: str) -> bytes:
    from edgecomp_runtime import Model

    from edgecomp.bundle import BundleContents, Goldens, pack_bundle

    model = Model.load(content, engine="ai_edge_litert")
    inputs = np.stack([_stored_values(model.input) for _ in range(GOLDEN_SAMPLES)])
    outputs = np.concatenate([model.run_stored([one[None]])[0] for one in inputs])
    io = "int8" if scheme == "int8" else "float"
    goldens = Goldens((inputs,), (outputs,), tolerance_steps=4)
    return pack_bundle(BundleContents("net", "linux-x86-64", scheme, io, content, model.contract, goldens, {}, {}))


def _float_values(tensor: Any) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, tensor.shape[1:]).astype(np.float32)


def _stored_values(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.encode(_float_values(tensor)))


def _compare(content: bytes, method: str, values_of: Callable[[Any], np.ndarray], by_hand: bool) -> tuple[float, float]:
    """Median seconds of one inference, bare and through the device package."""
    from ai_edge_litert.interpreter import Interpreter
    from edgecomp_runtime import Model

    model = Model.load(content, engine="ai_edge_litert")
    answer = getattr(model, method)
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
        for kept, run in zip(times, (bare, lambda: answer(values)), strict=True):
            kept.extend(_block(run))
    return statistics.median(times[0]), statistics.median(times[1])


def _block(run: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(BLOCK):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def _held_mb(path: Path, ours: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Medians of the peak and of what a process holds after twenty inferences, bare and through the device package."""
    held: tuple[list[list[int]], list[list[int]]] = ([], [])
    for _ in range(MEMORY_RUNS):
        for kept, program, file in zip(held, (_BARE, _OURS), (path, ours), strict=True):
            command = [sys.executable, "-c", program + _HELD, str(file)]
            ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
            kept.append([int(one) for one in ended.stdout.split()])
    bare, through = ([statistics.median(one) * 1024 / 1e6 for one in zip(*kept, strict=True)] for kept in held)
    return tuple(bare), tuple(through)
