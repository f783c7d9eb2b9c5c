"""What half of the multiply-accumulates saves on ARM: exact instruction counts of int8 files, plain and pruned.

Counts do not depend on the weights, so that nothing is trained. Wall time is that of this machine, one thread, in
alternation.

python -m benchmarks.arm_instructions [--operators]
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from .recovery_networks import mobile, residual

ROOT = Path(__file__).resolve().parents[1]
TARGET = "raspberry-pi-4b"
CPUS = ("cortex-a53", "cortex-a76")
GOAL = 1.7
SAMPLES = 32
BLOCKS, BLOCK = 60, 20


def _digits(_: tuple[int, int, int]) -> Any:
    """The network of samples/digits."""
    spec = importlib.util.spec_from_file_location("digits_train", ROOT / "samples" / "digits" / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build_model()


NETWORKS: dict[str, tuple[Callable[[tuple[int, int, int]], Any], tuple[int, int, int]]] = {
    "digits": (_digits, (32, 32, 1)),
    "residual, MNIST": (residual, (28, 28, 1)),
    "residual, CIFAR-10": (residual, (32, 32, 3)),
    "mobile, MNIST": (mobile, (28, 28, 1)),
    "mobile, CIFAR-10": (mobile, (32, 32, 3)),
}


def measure(folder: Path) -> list[str]:
    """Prunes each network to half of its multiply-accumulates, converts both, and counts.

    Returns:
        lines for people to read.
    """
    from edgecomp.emulate import count_instructions
    from edgecomp.emulate.cpus import find_cpu
    from edgecomp.emulate.userland import userland
    from edgecomp.errors import InputError

    try:
        for cpu in CPUS:
            userland(find_cpu(cpu))
    except InputError as error:
        return [f"instructions on ARM: not counted, since {error}"]
    files = make_files(folder)
    counts = {cpu: count_instructions(files, cpu) for cpu in CPUS}
    return [_line(name, files, counts) for name in NETWORKS]


def make_files(folder: Path) -> dict[str, bytes]:
    """The int8 files, each by its network's name, plain and with " pruned" behind it."""
    import keras

    import edgecomp
    from edgecomp.targets import load_target

    files = {}
    for number, (name, (build, shape)) in enumerate(track(NETWORKS.items(), "converting", transient=True)):
        keras.utils.set_random_seed(0)
        plain = build(shape)
        pruned = edgecomp.prune(plain, macs=0.5, importance="l2", multiple=load_target(TARGET).model.channel_multiple)
        samples = np.random.default_rng(0).uniform(0, 1, (SAMPLES, *shape)).astype(np.float32)
        for kind, model in (("", plain), (" pruned", pruned)):
            out = folder / f"{number}{kind.strip()}"
            options: dict[str, Any] = {"target": TARGET, "effort": "low", "preprocess": "none", "remove_dead": False}
            files[name + kind] = edgecomp.convert(model, data=samples, out=out, **options).model.read_bytes()
    return files


def _line(name: str, files: dict[str, bytes], counts: dict[str, Any]) -> str:
    from edgecomp.tflite import read_tflite, total_macs

    plain, pruned = files[name], files[f"{name} pruned"]
    macs = [total_macs(read_tflite(file)) for file in (plain, pruned)]
    saved = []
    for cpu in CPUS:
        before, after = (counts[cpu][name + kind].instructions for kind in ("", " pruned"))
        saved.append(f"{before / after:.2f}x fewer on {cpu} ({before / 1e6:.3f} M -> {after / 1e6:.3f} M)")
    return (
        f"{name}, int8, {macs[0] / 1e6:.2f} M MACs -> {macs[1] / macs[0]:.1%}: instructions {', '.join(saved)} "
        f"(goal: at least {GOAL:.2f}x); wall time here {_wall_ratio(plain, pruned):.2f}x"
    )


def _wall_ratio(plain: bytes, pruned: bytes) -> float:
    """Median, over blocks of both in turn, of the ratio of their seconds."""
    runs = [_invoke(plain), _invoke(pruned)]
    ratios = []
    for _ in range(BLOCKS):
        seconds = []
        for run in runs:
            start = time.perf_counter()
            for _ in range(BLOCK):
                run()
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


def _invoke(file: bytes) -> Callable[[], object]:
    from edgecomp_runtime import Model

    model = Model.load(file, engine="ai_edge_litert")
    return model.bare_invoke([np.zeros(one.shape, one.stored_dtype) for one in model.inputs])


def operator_table(folder: Path) -> Iterator[str]:
    """Plain beside pruned, by operator: where a network falls short of the goal."""
    from edgecomp.emulate.cpus import find_cpu
    from edgecomp.emulate.operators import count_operators
    from edgecomp.emulate.userland import userland
    from edgecomp.tflite import read_tflite

    files = make_files(folder)
    for cpu in CPUS:
        for name in NETWORKS:
            yield f"{name} on {cpu}: operator, output shapes, instructions plain / pruned = ratio (MACs)"
            kinds = [files[name + kind] for kind in ("", " pruned")]
            graphs = [read_tflite(file).main for file in kinds]
            counted = [count_operators(file, userland(find_cpu(cpu)))[1] for file in kinds]
            for one, other in zip(*counted, strict=True):
                shapes = [graph.tensors[graph.operators[one.index].outputs[0]].shape for graph in graphs]
                macs = f" ({one.macs / other.macs:.2f})" if other.macs else ""
                yield (
                    f"  {one.name:18} {shapes[0]!s:18} {shapes[1]!s:18} {one.instructions:9,} / "
                    f"{other.instructions:9,} = {one.instructions / other.instructions:.2f}{macs}"
                )


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as scratch:
        for line in operator_table(Path(scratch)) if "--operators" in sys.argv else measure(Path(scratch)):
            print(line, flush=True)
