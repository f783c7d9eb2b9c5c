"""The bundle of a finished run."""

from __future__ import annotations

import platform
from importlib.metadata import version
from itertools import islice

import numpy as np

from ..bundle import BundleContents, Goldens, Release, pack_bundle
from .float_file import FloatModel
from .measure import Measurements
from .quantizing.compress import Compressed
from .recipes.plan import Plan
from .reporting.report_data import float_operators, latency_data
from .workbench import Workbench

ENGINE = "ai_edge_litert"
GOLDEN_SAMPLES = 4
RANDOM_GOLDENS = 1

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
        inputs, outputs = bench.worker.call(
            "edgecomp.evaluate.run:stored_values",
            compressed.file,
            model.contract,
            threads=1,
            stream=_golden_feeds(model, plan.recipe.seed, hide_samples=hide_samples),
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


def _golden_feeds(model: FloatModel, seed: int, *, hide_samples: bool) -> list[dict[str, np.ndarray]]:
    """A few real samples, and random ones between their extremes, which exercise what real ones leave out."""
    real = [sample.feeds for sample in islice(model.calibration, GOLDEN_SAMPLES)]
    rng = np.random.default_rng(seed)
    count = RANDOM_GOLDENS + (GOLDEN_SAMPLES if hide_samples else 0)
    random = [{name: _between(rng, [one[name] for one in real]) for name in real[0]} for _ in range(count)]
    return random if hide_samples else [*real, *random]


def _between(rng: np.random.Generator, arrays: list[np.ndarray]) -> np.ndarray:
    low, high = min(one.min() for one in arrays), max(one.max() for one in arrays)
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if np.issubdtype(dtype, np.integer):
        return rng.integers(low, int(high) + 1, shape).astype(dtype)
    return rng.uniform(low, high, shape).astype(dtype)
