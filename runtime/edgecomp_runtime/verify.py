"""Runs a bundle's golden samples on this device and compares what comes out with what must come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .bundle.goldens import Goldens
from .errors import InputError, IntegrityError
from .model import Model
from .tensors import Tensor


@dataclass(frozen=True)
class Verification:
    """How a model's outputs on this device compare with its golden ones.

    Args:
        samples: how many were run.
        exact: whether outputs had to be equal: for an int8 model, on the engine that the bundle promises it for, with
            XNNPACK.
        tolerance_steps: the largest difference allowed, in quantization steps; 0 where `exact`.
        max_steps: the largest difference found, in quantization steps.
        equal_fraction: the share of output values that are equal, 0 to 1.
        engine: what it ran on.
        engine_version: of that.
        xnnpack: whether the delegate really ran.
    """

    samples: int
    exact: bool
    tolerance_steps: int
    max_steps: float
    equal_fraction: float
    engine: str
    engine_version: str
    xnnpack: bool

    @property
    def passed(self) -> bool:
        """Whether no difference is larger than allowed."""
        return self.max_steps <= self.tolerance_steps

    def __str__(self) -> str:
        found = "all outputs equal" if not self.max_steps else f"outputs differ by up to {self.max_steps:g} steps"
        engine = f"{self.engine} {self.engine_version}, XNNPACK {'on' if self.xnnpack else 'off'}"
        verdict = "verified" if self.passed else "failed"
        allowed = "no difference allowed" if self.exact else f"{self.tolerance_steps} allowed"
        return f"{verdict}: {self.samples} golden samples, {found} ({allowed}) on {engine}"

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data; an endless difference (not a number) is null."""
        return {
            "passed": self.passed,
            "samples": self.samples,
            "exact": self.exact,
            "tolerance_steps": self.tolerance_steps,
            "max_steps": self.max_steps if np.isfinite(self.max_steps) else None,
            "equal_fraction": self.equal_fraction,
            "engine": {"name": self.engine, "version": self.engine_version, "xnnpack": self.xnnpack},
        }


def verify(model: Model) -> Verification:
    """Runs the golden samples of a model's bundle.

    Args:
        model: loaded from a bundle with golden samples.

    Raises:
        InputError: the model has none.
        IntegrityError: they do not fit the model's tensors.
    """
    bundle = model.bundle
    if bundle is None or bundle.goldens is None or bundle.manifest.golden is None:
        raise InputError("there are no golden samples to compare with; give a bundle that has them, not a bare .tflite")
    goldens, entry, engine = bundle.goldens, bundle.manifest.golden, model.engine
    # Integer arithmetic is the same on every processor; the order in which floats are added up is not.
    exact = engine.xnnpack and engine.name == entry.exact_on and bundle.manifest.scheme == "int8"
    _check_dtypes(model, goldens)
    worst, equal, values = 0.0, 0, 0
    for sample in range(entry.samples):
        found = model.run_stored([_one(goldens.inputs[i], sample, one) for i, one in enumerate(model.inputs)])
        for position, tensor in enumerate(model.outputs):
            wanted = _one(goldens.outputs[position], sample, tensor)
            worst = max(worst, _steps(found[position], wanted, goldens.outputs[position], tensor))
            equal += int(np.count_nonzero(found[position] == wanted))
            values += wanted.size
    return Verification(
        samples=entry.samples,
        exact=exact,
        tolerance_steps=0 if exact else entry.tolerance_steps,
        max_steps=worst,
        equal_fraction=equal / values if values else 1.0,
        engine=engine.name,
        engine_version=engine.version,
        xnnpack=engine.xnnpack,
    )


def require_passed(result: Verification) -> None:
    """Refuses a model that failed.

    Raises:
        IntegrityError: it failed; the message has the figures.
    """
    if not result.passed:
        allowed = "none is allowed" if result.exact else f"{result.tolerance_steps} are allowed"
        raise IntegrityError(
            f"the model does not compute here what it must: outputs differ by up to {result.max_steps:g} quantization "
            f"steps, {allowed} on {result.engine} {result.engine_version}; do not use it on this device"
        )


def _check_dtypes(model: Model, goldens: Goldens) -> None:
    sides = (("input", model.inputs, goldens.inputs), ("output", model.outputs, goldens.outputs))
    for kind, tensors, arrays in sides:
        for position, tensor in enumerate(tensors):
            if arrays[position].dtype != tensor.stored_dtype:
                found, wanted = arrays[position].dtype, tensor.stored_dtype
                raise IntegrityError(f"the golden {kind}s of {tensor.name} are {found}, the model has {wanted}")


def _one(arrays: np.ndarray, sample: int, tensor: Tensor) -> np.ndarray:
    return np.asarray(arrays[sample]).reshape(tensor.shape)


def _steps(found: np.ndarray, wanted: np.ndarray, every: np.ndarray, tensor: Tensor) -> float:
    """The largest difference in quantization steps; for float outputs a step is 1/255 of the golden values' range."""
    if np.array_equal(found, wanted):
        return 0.0
    # int64: the difference of two int8 does not fit into int8.
    if tensor.stored_dtype != "float32":
        return float(np.abs(found.astype(np.int64) - wanted.astype(np.int64)).max())
    step = float(np.ptp(every)) / 255 or 1.0
    difference = float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max())
    return difference / step if np.isfinite(difference) else float("inf")
