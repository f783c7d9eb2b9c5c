"""The bundle of a finished run."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from importlib.metadata import version
from itertools import islice

import numpy as np

from ..bundle import BundleContents, Goldens, Release, pack_bundle
from .float_file import FloatModel
from .measure import Measurements
from .quantizing.compress import Compressed
from .quantizing.holdout import Feeds
from .recipes.plan import Plan
from .reporting.report_data import float_operators, latency_data
from .workbench import Workbench

ENGINE = "ai_edge_litert"
GOLDEN_SAMPLES = 4
RANDOM_GOLDENS = 1

GOLDEN_VALUES = 2048
"""Of one input, that differ from their neighbours. Every device is sent them: those of five photos of 224 x 224
pixels, as they are, are 750 kB, which is more than many models."""

RANDOM_SHARE = 16
"""One value in so many of a random input differs, if that is more: devices refuse what unpacks to 100 times its size,
and real samples may be black."""

FOREIGN_TOLERANCE_STEPS = 32
"""Allowed on an interpreter other than the one the goldens were made with. tflite-runtime rounds in other places:
differences of up to tens of steps were seen on sound networks; a wrong file is off by more."""


def pack(
    name: str,
    plan: Plan,
    model: FloatModel,
    compressed: Compressed,
    measured: Measurements,
    bench: Workbench,
    release: Release,
    *,
    hide_samples: bool = False,
) -> bytes:
    """Makes the goldens, of random numbers only where samples are hidden, and packs everything the device needs."""
    with bench.steps.step("bundle", "packing the bundle") as step:
        first = [sample.feeds for sample in islice(model.calibration, GOLDEN_SAMPLES)]
        inputs, outputs = bench.worker.call(
            "edgecomp.evaluate.run:stored_values",
            compressed.file,
            model.contract,
            threads=1,
            stream=golden_feeds(first, plan.recipe.seed, hide_samples=hide_samples),
        )
        # The order in which floats are added up differs from one processor to the next.
        exact_on = "" if float_operators(compressed.file) else ENGINE
        goldens = Goldens(tuple(inputs), tuple(outputs), FOREIGN_TOLERANCE_STEPS, exact_on=exact_on)
        made = pack_bundle(_contents(name, plan, model, compressed, measured, goldens), release)
        step.detail = f"{len(made)} bytes"
    return made


def _contents(
    name: str, plan: Plan, model: FloatModel, compressed: Compressed, measured: Measurements, goldens: Goldens
) -> BundleContents:
    ran_on = measured.benches["compressed"]
    evaluation = measured.evaluations["compressed"]
    return BundleContents(
        name=name,
        target=plan.target.name,
        scheme=plan.recipe.quantize.scheme,
        io=plan.recipe.quantize.io,
        model=compressed.file,
        contract=model.contract,
        goldens=goldens,
        verified_with={
            "engine": ENGINE,
            "version": version("ai-edge-litert"),
            "machine": platform.machine(),
            "xnnpack": ran_on["engine"]["xnnpack"],
        },
        measured={
            "latency_ms": latency_data(ran_on),
            "metric": evaluation.metric.to_dict() if evaluation.metric else None,
        },
    )


def golden_feeds(samples: Sequence[Feeds], seed: int, *, hide_samples: bool) -> list[Feeds]:
    """A few real samples, and random ones between their extremes, which exercise what real ones leave out.

    Large ones are made of blocks, so that little has to be sent.

    Args:
        samples: the first of the calibration set, arrays [1, ...] by input name; at least one.
        seed: of the random ones.
        hide_samples: whether there are to be only random ones.
    """
    rng = np.random.default_rng(seed)
    count = RANDOM_GOLDENS + (GOLDEN_SAMPLES if hide_samples else 0)
    random = [{name: _between(rng, [one[name] for one in samples]) for name in samples[0]} for _ in range(count)]
    coarse = [{name: in_blocks(one, GOLDEN_VALUES) for name, one in feeds.items()} for feeds in samples]
    finer = [
        {name: in_blocks(one, max(GOLDEN_VALUES, one.size // RANDOM_SHARE)) for name, one in feeds.items()}
        for feeds in random
    ]
    return finer if hide_samples else [*coarse, *finer]


def in_blocks(array: np.ndarray, most: int) -> np.ndarray:
    """An array of the same shape and dtype, whose blocks have the value of their first corner.

    Args:
        array: [1, ...]; the last axis of three or more (channels) is left as it is.
        most: values that there are then, as far as that can be; with no more than that nothing changes.
    """
    if array.ndim < 2:
        return array
    sizes = array.shape[1 : max(2, array.ndim - 1)]
    others = array.size // max(1, math.prod(sizes))
    side = 1
    while others * math.prod(-(-size // side) for size in sizes) > most and side < max(sizes):
        side += 1
    for axis, size in enumerate(sizes, start=1):
        array = np.take(array, np.arange(size) // side * side, axis)
    return array


def _between(rng: np.random.Generator, arrays: list[np.ndarray]) -> np.ndarray:
    low, high = min(one.min() for one in arrays), max(one.max() for one in arrays)
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if np.issubdtype(dtype, np.integer):
        return rng.integers(low, int(high) + 1, shape).astype(dtype)
    return rng.uniform(low, high, shape).astype(dtype)
