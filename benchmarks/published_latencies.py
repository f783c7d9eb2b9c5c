"""The coefficients of the shipped profiles: counted on emulated CPUs, timed by some of the published latencies.

Instructions of each kind of operator are counted (`edgecomp targets fit NAME --on emulate:CPU`). What an instruction
takes in float32 and int8, and what a byte takes that goes to memory, are three figures a board, found from the few
published latencies named in `BOARDS`; all others are held out and predicted.

python -m benchmarks.published_latencies [--write]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from edgecomp.latency.fit_target import fit_target
from edgecomp.latency.nonnegative import nonnegative_least_squares
from edgecomp.latency.predict import predict
from edgecomp.targets import Latency, Target, load_target
from edgecomp.targets.prediction import MemoryLevel, NanosecondsPerInstruction, Prediction
from edgecomp.targets.writing import prediction_lines
from edgecomp.tflite import TfliteModel, read_tflite

from .latency_networks import keras_network
from .published_networks import efficientdet_lite, efficientnet_lite

THREADS = 4
"""Where a source says "multi-threaded": the cores of these boards."""

BAND = 0.35
"""Published figures of one board differ by so much themselves, for its clock, its system and the interpreter."""


@dataclass(frozen=True)
class Board:
    """A profile with published latencies.

    Args:
        cpu: the emulated CPU whose instructions are counted.
        cache_kib: half of its second-level cache, above which activations are taken to go to memory.
        fitted_on: networks whose latencies its three figures are found from.
        heirs: profiles without published latencies that take its figures: how much slower their clock is, and the
            band.
    """

    cpu: str
    cache_kib: int
    fitted_on: tuple[str, ...]
    heirs: tuple[tuple[str, float, float], ...] = ()


BOARDS = {
    "raspberry-pi-3b-plus": Board(
        "cortex-a53",
        256,
        ("MobileNetV1-224", "MobileNetV3-Small-224"),
        (("raspberry-pi-zero-2w", 1.4 / 1.0, 0.5), ("imx8m-plus", 1.4 / 1.8, 0.5)),
    ),
    # Pi OS, like LiteRT, knows no difference between a Cortex-A53 and an A72 but their speed.
    "raspberry-pi-4b": Board("cortex-a53", 512, ("EfficientDet-Lite0",), (("jetson-nano", 1.8 / 1.43, 0.6),)),
    "raspberry-pi-5": Board("cortex-a76", 256, ("EfficientDet-Lite0",)),
    "android-arm64": Board("cortex-a76", 256, ("EfficientNet-Lite0", "EfficientNet-Lite4"), (("pixel-8", 1.0, 0.8),)),
}
"""By name. EfficientNet-Lite was measured on a Pixel 4, whose large cores are Cortex-A76."""

_KERAS = {
    "MobileNetV1-224": "mobilenet-1.0-224",
    "MobileNetV2-224": "mobilenetv2-1.0-224",
    "MobileNetV3-Large-224": "mobilenetv3-large-224",
    "MobileNetV3-Small-224": "mobilenetv3-small-224",
}
_BY_SHAPE: dict[str, Callable[[str], bytes]] = {
    **{f"EfficientNet-Lite{number}": partial(efficientnet_lite, number) for number in range(5)},
    **{f"EfficientDet-Lite{number}": partial(efficientdet_lite, number) for number in (0, 2)},
}


def measure(folder: Path, write: bool = False) -> list[str]:
    """Calibrates each board and predicts what was held out.

    Args:
        folder: for networks that are made.
        write: put the coefficients into the profiles.

    Returns:
        lines for people to read.
    """
    lines = []
    for name, board in BOARDS.items():
        target = load_target(name)
        own = calibrated(target, board, folder)
        lines += _held_out(replace(target, prediction=own), board, folder)
        if write:
            _write(name, own)
            for heir, slower, band in board.heirs:
                _write(heir, _inherited(own, target, slower, band))
    return lines


def calibrated(target: Target, board: Board, folder: Path) -> Prediction:
    """Counted coefficients with the board's three figures."""
    counted = _counted(board.cpu)
    known = [one for one in target.latencies if one.model in board.fitted_on]
    unit = replace(counted, instruction=NanosecondsPerInstruction(0.0, 0.0), memory=())
    options = (
        replace(unit, instruction=NanosecondsPerInstruction(1.0, 0.0)),
        replace(unit, instruction=NanosecondsPerInstruction(0.0, 1.0)),
        replace(unit, memory=(MemoryLevel(board.cache_kib, activation=1.0),)),
    )
    targets = [replace(target, prediction=one) for one in options]
    matrix = np.array([[_predicted(one, each, folder) for one in targets] for each in known])
    published = np.array([one.ms for one in known])
    figures = nonnegative_least_squares(matrix / published[:, None], np.ones(len(known)))
    source = (
        f"instructions counted on an emulated {board.cpu}; their time from the published latencies of "
        f"{' and '.join(board.fitted_on)}, see docs/latency.md"
    )
    return replace(
        counted,
        source=source,
        band=BAND,
        instruction=NanosecondsPerInstruction(*figures[:2].tolist()),
        memory=(MemoryLevel(board.cache_kib, activation=float(figures[2])),),
    )


def _inherited(prediction: Prediction, base: Target, slower: float, band: float) -> Prediction:
    """The figures of a board with another clock, by which memory does not change."""
    assert prediction.instruction is not None
    own = prediction.instruction
    return replace(
        prediction,
        source=f"the figures of {base.name}, by the clock: nothing was published for this device",
        band=band,
        instruction=NanosecondsPerInstruction(own.float32 * slower, own.int8 * slower),
    )


@cache
def _counted(cpu: str) -> Prediction:
    return fit_target(load_target("android-arm64"), f"emulate:{cpu}").prediction


def _held_out(target: Target, board: Board, folder: Path) -> list[str]:
    lines, ratios = [], []
    for one in target.latencies:
        found = _predicted(target, one, folder)
        use = "fitted on" if one.model in board.fitted_on else "held out"
        ratios += [found / one.ms] if use == "held out" else []
        threads = f"{one.threads} threads" if one.threads else "multi-threaded"
        lines.append(
            f"  {one.model} {one.precision}, {threads}: {one.ms:g} ms published, {found:.1f} predicted "
            f"({found / one.ms:.2f}x), {use}"
        )
    worst = max(max(ratio, 1 / ratio) for ratio in ratios)
    head = (
        f"{target.name}: {len(ratios)} published latencies held out, predicted within a factor of {worst:.2f} "
        f"(goal: 1.35, and within the band of {BAND:.0%})"
    )
    return [head, *lines]


def _predicted(target: Target, one: Latency, folder: Path) -> float:
    return predict(_network(one.model, one.precision, folder), target, threads=one.threads or THREADS).latency_ms


@cache
def _network(model: str, precision: str, folder: Path) -> TfliteModel:
    if model in _BY_SHAPE:
        return read_tflite(_BY_SHAPE[model](precision))
    return read_tflite(keras_network(_KERAS[model], precision, folder))


def _write(name: str, prediction: Prediction) -> None:
    """Puts the section at the end of a shipped profile, in place of the one it has."""
    path = load_target(name).path
    assert path is not None
    head = path.read_text().partition("\nprediction:")[0].rstrip()
    lines = ["prediction:", *(f"  {line}" for line in prediction_lines(prediction))]
    path.write_text("\n".join([head, "", *lines]) + "\n")


def main(arguments: Sequence[str]) -> None:
    """Prints the figures; with --write, writes the profiles."""
    import os
    import tempfile

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as scratch:
        print("\n".join(measure(Path(scratch), "--write" in arguments)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
