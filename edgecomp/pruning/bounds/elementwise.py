"""Bounds behind functions of single values, and behind sums, products and the like of tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .interval import Bounds, add, between, multiply, negative, point, reciprocal, unbounded
from .site import Site

MONOTONE = (
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "softplus", "squareplus", "sparse_plus"),
    *("sigmoid", "hard_sigmoid", "log_sigmoid", "sparse_sigmoid", "tanh", "hard_tanh", "softsign"),
    *("exponential", "exp", "soft_shrink", "hard_shrink"),
)
"""Functions of `keras.activations` and `keras.ops` that never fall, with the parameters they are called with here."""

LOWEST_AT = {"silu": -1.2784645, "swish": -1.2784645, "gelu": -0.7517916, "hard_silu": -1.5, "mish": -1.1924128}
"""Functions that fall to one minimum and rise from there."""

_OPERATION_NAMES = {
    "ReLU": "relu",
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyReLU": "leaky_relu",
    "LeakyRelu": "leaky_relu",
    "ELU": "elu",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Tanh": "tanh",
    "HardTanh": "hard_tanh",
    "Exp": "exp",
    "Silu": "silu",
    "Gelu": "gelu",
    "HardSilu": "hard_silu",
}
_FURTHEST = 1e30  # stands for infinity where a function is evaluated in float32
_ENDLESS = 1e20  # and what a function gives there, if it has no limit
_SLACK = 1e-6  # of a minimum that is known to seven digits


def through_function(function: Any, bounds: Bounds) -> Bounds:
    """Bounds behind a function of single values.

    Args:
        function: a function of `keras.activations`, or a layer or operation without weights; None for none.
        bounds: of what goes in.
    """
    if function is None:
        return bounds
    name = _name_of(function)
    if name in LOWEST_AT:
        return _with_dip(function, bounds, LOWEST_AT[name])
    if name in MONOTONE:
        return _between_ends(function, bounds)
    if name == "softmax":
        return between(0.0, 1.0, bounds.size)
    return unbounded(bounds.size)


def _name_of(function: Any) -> str | None:
    """Which known function it is; None where it is of unknown make or has parameters that may let it fall."""
    named = function if hasattr(function, "__name__") else type(function)
    if not named.__module__.startswith("keras."):
        return None
    parameters = (getattr(function, one, None) for one in ("negative_slope", "alpha", "threshold"))
    if any(np.any(np.asarray(one) < 0) for one in parameters if one is not None):
        return None
    if type(function).__name__ == "Activation":
        return _name_of(function.activation)
    return _OPERATION_NAMES.get(named.__name__, named.__name__.lower())


def _between_ends(function: Any, bounds: Bounds) -> Bounds:
    low, high = _apply(function, bounds.low), _apply(function, bounds.high)
    return Bounds(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def _with_dip(function: Any, bounds: Bounds, lowest_at: float) -> Bounds:
    ends = _between_ends(function, bounds)
    least = _apply(function, np.full(bounds.size, lowest_at)) - _SLACK
    low, high = np.minimum(ends.low, ends.high), np.maximum(ends.low, ends.high)
    inside = (bounds.low < lowest_at) & (lowest_at < bounds.high)
    return Bounds(np.where(inside, least, low), high)


def _apply(function: Callable[[Any], Any], values: np.ndarray) -> np.ndarray:
    """A Keras function of float64 values, computed in float32 as the network does."""
    import keras

    given = keras.ops.convert_to_tensor(np.clip(values, -_FURTHEST, _FURTHEST).astype(np.float32)[None])
    result = np.asarray(keras.ops.convert_to_numpy(function(given)), np.float64)[0]
    limited: np.ndarray = np.where(np.abs(result) > _ENDLESS, np.copysign(np.inf, result), result)
    return limited


def _activation(site: Site) -> Bounds:
    return through_function(site.operation, site.single_input())


def _operands(site: Site) -> list[Bounds]:
    """What goes in, tensors and constants alike, in the order of the arguments."""
    import keras

    tensors = iter(site.inputs)
    flat = keras.tree.flatten((site.arguments, dict(site.keywords)))
    return [next(tensors) if isinstance(one, keras.KerasTensor) else _constant(one) for one in flat if one is not None]


def _constant(value: Any) -> Bounds:
    array = np.asarray(value, np.float64)
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1)
    return Bounds(rows.min(axis=0), rows.max(axis=0))


def _fold(combine: Callable[[Bounds, Bounds], Bounds]) -> Callable[[Site], Bounds]:
    def rule(site: Site) -> Bounds:
        return functools.reduce(combine, _operands(site))

    return rule


def _subtract(first: Bounds, second: Bounds) -> Bounds:
    return add(first, negative(second))


def _divide(first: Bounds, second: Bounds) -> Bounds:
    return multiply(first, reciprocal(second))


def _maximum(first: Bounds, second: Bounds) -> Bounds:
    return Bounds(np.maximum(first.low, second.low), np.maximum(first.high, second.high))


def _minimum(first: Bounds, second: Bounds) -> Bounds:
    return Bounds(np.minimum(first.low, second.low), np.minimum(first.high, second.high))


def _average(site: Site) -> Bounds:
    """The `Average` layer; `keras.ops.average` reduces axes."""
    if not all(shape == site.output_shapes[0] for shape in site.input_shapes):
        return unbounded(site.channels)
    total = functools.reduce(add, site.inputs)
    return Bounds(total.low / len(site.inputs), total.high / len(site.inputs))


def _clip(site: Site) -> Bounds:
    operation = site.operation
    lowest, highest = _constant(operation.x_min), _constant(operation.x_max)
    return _minimum(_maximum(site.single_input(), lowest), highest)


def _negative(site: Site) -> Bounds:
    return negative(site.single_input())


def _absolute(site: Site) -> Bounds:
    bounds = site.single_input()
    return _maximum(_maximum(bounds, negative(bounds)), point(np.zeros(1)))


def _square(site: Site) -> Bounds:
    bounds = site.single_input()
    return _maximum(multiply(bounds, bounds), point(np.zeros(1)))


def _rescaling(site: Site) -> Bounds:
    layer = site.operation
    return add(multiply(site.single_input(), _constant(layer.scale)), _constant(layer.offset))


def _normalization(site: Site) -> Bounds:
    import keras

    layer = site.operation
    mean, variance = (_constant(keras.ops.convert_to_numpy(one)) for one in (layer.mean, layer.variance))
    least = keras.config.epsilon()
    deviation = Bounds(np.maximum(np.sqrt(variance.low), least), np.maximum(np.sqrt(variance.high), least))
    if layer.invert:
        return add(mean, multiply(site.single_input(), deviation))
    return _divide(_subtract(site.single_input(), mean), deviation)


ELEMENTWISE: dict[str, Callable[[Site], Bounds]] = {
    "Activation": _activation,
    "Softmax": _activation,
    **dict.fromkeys(_OPERATION_NAMES, _activation),
    "Add": _fold(add),
    "Subtract": _fold(_subtract),
    "Multiply": _fold(multiply),
    **dict.fromkeys(("Divide", "TrueDivide"), _fold(_divide)),
    "Maximum": _fold(_maximum),
    "Minimum": _fold(_minimum),
    "Average": _average,
    "Clip": _clip,
    "Negative": _negative,
    **dict.fromkeys(("Abs", "Absolute"), _absolute),
    "Square": _square,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
}
