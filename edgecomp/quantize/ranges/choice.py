"""Choosing the ranges of activations from what was observed of them."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import InputError
from ...tflite import TfliteModel
from .clipping import least_divergence, least_error, spread
from .observe import Observation, Observations
from .saturation import without_saturated
from .shared_scales import Range, Ranges, agreed

__all__ = ["METHODS", "PERCENTILE", "Ranges", "choose_ranges"]

METHODS = ("minmax", "average", "percentile", "mse", "kl")

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
            - "mse": the least expected squared error of int8 rounding and clipping. More samples do not make it worse:
              what is rare counts by its share.
            - "kl": the least divergence from the distribution of magnitudes, as TensorRT calibrates.
        model: the float file.
        symmetric: whether zero must be in the middle of each range.

    Returns:
        ranges that hold 0, without ends that no operator behind the tensor tells apart (see `saturation`). Where
        operators pass values on unchanged, those of input and output agree.

    Raises:
        InputError: there is no such method.
    """
    if method not in METHODS:
        raise InputError(f"there is no way {method!r} of choosing ranges; use one of {', '.join(METHODS)}")
    choose = _chooser(method, symmetric)
    told_apart = without_saturated(model.main, observations)
    ranges = {name: _with_zero(choose(one), symmetric) for name, one in told_apart.items()}
    return agreed(model.main, ranges)


def _chooser(method: str, symmetric: bool) -> Callable[[Observation], Range]:
    def least(one: Observation) -> Range:
        low, high = _with_zero((one.low, one.high), symmetric)
        return least_error(spread(one.histogram, one.low, one.high), low, high, symmetric=symmetric)

    def divergence(one: Observation) -> Range:
        low, high = _with_zero((one.low, one.high), symmetric)
        return least_divergence(spread(one.histogram, one.low, one.high), low, high)

    choosers: dict[str, Callable[[Observation], Range]] = {
        "minmax": lambda one: (one.low, one.high),
        "average": lambda one: (one.average_low, one.average_high),
        "percentile": _percentile,
        "mse": least,
        "kl": divergence,
    }
    return choosers[method]


def _percentile(one: Observation) -> Range:
    ends = one.histogram.quantile(1 - PERCENTILE), one.histogram.quantile(PERCENTILE)
    return max(ends[0], one.low), min(ends[1], one.high)


def _with_zero(ends: Range, symmetric: bool) -> Range:
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    return (-max(-low, high), max(-low, high)) if symmetric else (low, high)
