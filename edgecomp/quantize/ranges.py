"""Choosing the ranges of activations from what was observed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np

from ..errors import InputError
from ..tflite import TfliteModel
from .clipping import least_divergence, least_error, spread
from .observe import Observation, Observations
from .shared_scales import Range, Ranges, agreed

__all__ = ["METHODS", "PERCENTILE", "Ranges", "choose_ranges", "observe_ranges"]

METHODS = ("minmax", "average", "percentile", "mse", "kl", "robust")

PERCENTILE = 0.9999
"""Share of a tensor's elements below its upper end, and above its lower end."""


def choose_ranges(observations: Observations, method: str, *, model: TfliteModel, symmetric: bool = False) -> Ranges:
    """Gives every observed tensor a range.

    Args:
        observations: of the model's tensors.
        method: one of METHODS.

            - "minmax": the extremes over all samples.
            - "average": the means of the samples' extremes.
            - "percentile": without the outermost 0.01 % of the elements at each end.
            - "mse": the least expected squared error of int8 rounding and clipping.
            - "kl": the least divergence from the distribution of magnitudes, as TensorRT calibrates.
            - "robust": as "mse", but without the samples that `observe` found broken. More samples do not make it
              worse: what is gross in the network's input does not count, and what is rare counts by its share.
        model: the float file.
        symmetric: whether zero must be in the middle of each range.

    Returns:
        ranges that hold 0. Where operators pass values on unchanged, those of input and output agree.

    Raises:
        InputError: there is no such method.
    """
    if method not in METHODS:
        raise InputError(f"there is no way {method!r} of choosing ranges; use one of {', '.join(METHODS)}")
    choose = _chooser(method, symmetric)
    ranges = {name: _with_zero(choose(one), symmetric) for name, one in observations.items()}
    return agreed(model.main, ranges)


def _chooser(method: str, symmetric: bool) -> Callable[[Observation], Range]:
    def least(one: Observation) -> Range:
        low, high = _with_zero((one.low, one.high), symmetric)
        return least_error(spread(one.histogram, one.low, one.high), low, high, symmetric=symmetric)

    def divergence(one: Observation) -> Range:
        low, high = _with_zero((one.low, one.high), symmetric)
        return least_divergence(spread(one.histogram, one.low, one.high), low, high)

    choosers: dict[str, Callable[[Observation], Range]] = {
        "minmax": lambda one: (one.everything.low, one.everything.high),
        "average": lambda one: (one.everything.average_low, one.everything.average_high),
        "percentile": lambda one: _percentile(one.everything),
        "mse": lambda one: least(one.everything),
        "kl": lambda one: divergence(one.everything),
        "robust": least,
    }
    return choosers[method]


def _percentile(one: Observation) -> Range:
    ends = one.histogram.quantile(1 - PERCENTILE), one.histogram.quantile(PERCENTILE)
    return max(ends[0], one.low), min(ends[1], one.high)


def _with_zero(ends: Range, symmetric: bool) -> Range:
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    return (-max(-low, high), max(-low, high)) if symmetric else (low, high)


CHUNK = 16
"""Samples handed over at a time: the library wants lists, and memory must not grow with their number."""


def observe_ranges(model: bytes, signature: str, *, threads: int, stream: Iterable[dict[str, np.ndarray]]) -> Ranges:
    """Runs a float .tflite on samples and keeps the absolute minimum and maximum of each tensor.

    The library's own default is a moving average, which forgets the extremes and depends on the order of the samples;
    the absolute range does neither.

    Args:
        model: a float .tflite.
        signature: key of the signature whose input names the samples use.
        threads: threads of the interpreter.
        stream: samples: float32 arrays of the input tensors' shapes, by input name.
    """
    from litert_quantizer.calibrator import CalibrationMode, Calibrator
    from litert_quantizer.recipe import static_wi8_ai8
    from litert_quantizer.recipe_manager import RecipeManager
    from litert_quantizer.utils.qsv_utils import min_max_update

    recipe = RecipeManager()
    recipe.load_quantization_recipe(static_wi8_ai8())
    calibrator = Calibrator(
        model, num_threads=threads, mode=CalibrationMode.CALIBRATION_PROFILER_BASED, qsv_update_func=min_max_update
    )
    samples = iter(stream)
    while chunk := list(islice(samples, CHUNK)):
        calibrator.calibrate({signature: chunk}, recipe)
    return {name: _bounds(seen) for name, seen in calibrator.get_model_qsvs().items()}


def _bounds(seen: dict[str, Any]) -> tuple[float, float]:
    return float(np.min(seen["min"])), float(np.max(seen["max"]))
