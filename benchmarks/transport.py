"""The transport form beside `gzip -9` and `xz -9` of the same file; bundles; restoring 4 MB; what deltas cost.

python -m benchmarks transport
"""

from __future__ import annotations

import gzip
import lzma
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RUNS = 5
SPARSITY, CLUSTERS = 0.8, 16


def measure(folder: Path) -> list[str]:
    """Trains the digits sample, makes its files in every form, and a file of 4 MB.

    Returns:
        lines for people to read.
    """
    import keras

    subprocess.run([sys.executable, ROOT / "samples" / "digits" / "train.py", folder], check=True, capture_output=True)
    digits = keras.models.load_model(folder / "digits.keras")
    pruned, clustered = _with_kernels(digits, _pruned), _with_kernels(digits, _clustered)
    files = {
        "float32": _float(digits),
        "float16": _quantized(_float(digits), digits, "float16"),
        "int8": _quantized(_float(digits), digits, "int8"),
        "int4": _quantized(_float(digits), digits, "int4"),
        f"int8, {SPARSITY:.0%} pruned": _quantized(_float(pruned), digits, "int8"),
        f"int8, {CLUSTERS} clusters": _quantized(_float(clustered), digits, "int8"),
        f"int8, pruned, {CLUSTERS} clusters": _quantized(_float(_with_kernels(pruned, _clustered)), digits, "int8"),
    }
    lines = [_size_line(f"digits {name}", file) for name, file in files.items()]
    lines += _delta_lines(digits, files["int8"], folder)
    return [*lines, *_structure_lines(), *_restoring_lines()]


def _size_line(name: str, file: bytes) -> str:
    from edgecomp.transport import encode

    coded, gzipped, xz = len(encode(file)), len(gzip.compress(file, 9)), len(lzma.compress(file, preset=9))
    return (
        f"transport, {name}: {len(file)} bytes -> {coded}, {len(file) / coded:.2f}x smaller; "
        f"gzip -9 {gzipped} ({gzipped / coded:.2f}x as much), xz -9 {xz} ({xz / coded:.2f}x)"
    )


def _delta_lines(model: Any, base: bytes, folder: Path) -> list[str]:
    from edgecomp.transport import encode

    rng = np.random.default_rng(0)

    def nudged(kernel: np.ndarray) -> np.ndarray:
        return kernel + rng.normal(0, 0.02 * kernel.std(), kernel.shape)

    changed = {
        "its last layer trained anew": _with_kernels(model, nudged, last_only=True),
        "every weight moved by 2% of their deviation": _with_kernels(model, nudged),
    }
    lines = []
    for name, network in changed.items():
        file = _quantized(_float(network), model, "int8")
        delta, whole = len(encode(file, base=base)), len(encode(file))
        lines.append(f"delta, digits int8, {name}: {delta} bytes, {delta / whole:.1%} of the whole")
        lines.append(_bundle_line(f"digits int8, {name}", base, file, folder))
    return lines


def _bundle_line(name: str, older: bytes, newer: bytes, folder: Path) -> str:
    """What a signed bundle takes on its way, and a signed delta bundle."""
    from edgecomp.bundle import Release, open_base, pack_bundle
    from edgecomp.keys import new_key, open_key

    key = open_key(new_key(folder / name)[0])
    place = folder / "older.zip"
    place.write_bytes(pack_bundle(_contents(older), Release(version=1, sign=key)))
    whole = len(pack_bundle(_contents(newer), Release(version=2, sign=key)))
    delta = len(pack_bundle(_contents(newer), Release(version=2, sign=key, base=open_base(place))))
    goal = " (goal: at most 10%)" if "last layer" in name else ""
    return f"bundle, {name}: {whole} bytes; delta bundle {delta}, {delta / whole:.1%} of it{goal}"


def _contents(file: bytes) -> Any:
    """Five golden samples of noise, which no coder makes smaller."""
    from edgecomp_runtime import Model

    from edgecomp.bundle import BundleContents, Goldens

    loaded = Model.load(file, preprocess="0..1")
    inputs = np.random.default_rng(0).integers(-128, 128, (5, *loaded.inputs[0].shape[1:]), np.int8)
    outputs = np.concatenate([loaded.run_stored([one[None]])[0] for one in inputs])
    goldens = Goldens((inputs,), (outputs,), tolerance_steps=4)
    named = {"name": "net", "target": "raspberry-pi-4b", "scheme": "int8", "io": "int8"}
    return BundleContents(
        **named, model=file, contract=loaded.contract, goldens=goldens, verified_with={}, measured={"latency_ms": None}
    )


def _structure_lines() -> list[str]:
    """ResNet-8 with zeros for weights and biases: what is left is tables, names and scales."""
    import keras

    from edgecomp.transport import encode

    from .recovery_networks import residual

    keras.utils.set_random_seed(0)
    network = residual((32, 32, 3))
    file = _quantized(_float(network), network, "int8")
    empty, tables = _emptied(file, scales=False), _emptied(file, scales=True)
    return [
        f"structure, ResNet-8 int8: {len(encode(tables))} bytes of tables and names (goal: at most 2000), "
        f"{len(encode(empty)) - len(encode(tables))} of scales; gzip -9 {len(gzip.compress(tables, 9))}, "
        f"xz -9 {len(lzma.compress(tables, preset=9))}"
    ]


def _emptied(file: bytes, *, scales: bool) -> bytes:
    """The file with zeros in place of its weights, and of its vectors of scales."""
    from edgecomp.transport.layout import find_layout

    layout = find_layout(file)
    regions = [(one.start, one.length) for one in layout.constants]
    if scales:
        regions += [(one.start, 4 * one.count) for one in (*layout.scales, *(one.scales for one in layout.products))]
    emptied = bytearray(file)
    for start, length in regions:
        emptied[start : start + length] = bytes(length)
    return bytes(emptied)


def _restoring_lines() -> list[str]:
    import keras

    from edgecomp.transport import decode, encode

    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNetV2(weights=None)
    network = _with_kernels(network, lambda kernel: np.random.default_rng(0).normal(0, 1, kernel.shape) * kernel.std())
    file = _quantized(_float(network), network, "int8")
    start = time.perf_counter()
    coded = encode(file)
    encoding = time.perf_counter() - start
    times = [_seconds(lambda: decode(coded), time.perf_counter) for _ in range(RUNS)]
    busy = [_seconds(lambda: decode(coded), time.process_time) for _ in range(RUNS)]
    tracemalloc.start()
    decode(coded)
    peak = tracemalloc.get_traced_memory()[1] + len(coded)
    tracemalloc.stop()
    return [
        f"restoring {len(file)} bytes (MobileNetV2-224 int8, random normal weights): "
        f"{statistics.median(times):.2f} s, {min(times):.2f} to {max(times):.2f}, "
        f"of the CPU {statistics.median(busy):.2f} s (goal: at most 1 s); "
        f"memory {peak / len(file):.2f}x the model, the coded one and the result included (goal: at most 3x); "
        f"coding {encoding:.1f} s"
    ]


def _seconds(run: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return clock() - start


def _pruned(kernel: np.ndarray) -> np.ndarray:
    return np.where(np.abs(kernel) < np.quantile(np.abs(kernel), SPARSITY), 0, kernel)


def _clustered(kernel: np.ndarray) -> np.ndarray:
    """Every weight but the zeros becomes the nearest of a few centroids (Lloyd's algorithm)."""
    chosen = kernel[kernel != 0]
    centroids = np.quantile(chosen, (np.arange(CLUSTERS) + 0.5) / CLUSTERS)
    for _ in range(20):
        nearest = np.abs(chosen[:, None] - centroids).argmin(axis=1)
        centroids = np.array(
            [chosen[nearest == one].mean() if (nearest == one).any() else c for one, c in enumerate(centroids)]
        )
    result = kernel.copy()
    result[kernel != 0] = centroids[np.abs(chosen[:, None] - centroids).argmin(axis=1)]
    return result


def _with_kernels(model: Any, change: Callable[[np.ndarray], np.ndarray], *, last_only: bool = False) -> Any:
    """A copy with changed kernels."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    layers = [layer for layer in copy.layers if hasattr(layer, "kernel")]
    for layer in layers[-1:] if last_only else layers:
        layer.kernel.assign(change(layer.kernel.numpy()))
    return copy


def _float(model: Any) -> bytes:
    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.tflite import with_signature

    return with_signature(convert_graph(freeze(from_keras(model))), ["image"], ["scores"])


def _quantized(file: bytes, model: Any, scheme: str) -> bytes:
    """By ranges observed on noise: accuracy is not looked at here."""
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.tflite import align_buffers, read_tflite

    rng = np.random.default_rng(0)
    noise = [{"image": rng.uniform(0, 1, (1, *model.input_shape[1:])).astype(np.float32)} for _ in range(8)]
    ranges = choose_ranges(observe(file, threads=1, stream=noise), "minmax", model=read_tflite(file))
    io = "float" if scheme == "float16" else "int8"
    return align_buffers(quantize(file, scheme=scheme, io=io, ranges=ranges))
