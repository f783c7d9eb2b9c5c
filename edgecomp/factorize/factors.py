"""The kernels of a form, fitted to the regression that a layer is. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from .forms import FORMS, Form, Option
from .layer import FactorableLayer
from .regression import Regression, added, energies, project, refit

_TUCKER_ROUNDS = 3
"""Of higher-order orthogonal iteration; it settles in two or three."""


def fit_kernels(regressions: Sequence[Regression], layer: FactorableLayer, option: Option) -> list[np.ndarray]:
    """The kernels of a form that predict best.

    Args:
        regressions: one for each group; inputs in the order of the window's places, then channels.
        layer: what they are the regressions of.
        option: how it is written.

    Returns:
        float64 [window of the product, inputs of a group, outputs of all groups] for each product, as Keras wants them.
    """
    groups = [_fit(one, layer, option) for one in regressions]
    return [np.concatenate(kernels, axis=-1) for kernels in zip(*groups, strict=True)]


def composed(kernels: Sequence[np.ndarray], layer: FactorableLayer) -> np.ndarray:
    """The kernel of one layer that computes what the kernels do one after the other: [window, inputs, outputs]."""
    groups = zip(*(np.split(one, layer.groups, axis=-1) for one in kernels), strict=True)
    return np.concatenate([reduce(np.matmul, one) for one in groups], axis=-1)


def response(kernel: np.ndarray, layer: FactorableLayer, read: np.ndarray) -> np.ndarray:
    """What a kernel makes of one patch.

    Args:
        kernel: [window, inputs of a group, outputs].
        layer: whose kernel it is.
        read: [window flattened, inputs].

    Returns:
        float64 [outputs].
    """
    kernels, patches = np.split(kernel, layer.groups, axis=-1), np.split(read, layer.groups, axis=-1)
    return np.concatenate(
        [patch.ravel() @ one.reshape(patch.size, -1) for one, patch in zip(kernels, patches, strict=True)]
    )


def kept_energy(regressions: Sequence[Regression], layer: FactorableLayer, options: Sequence[Option]) -> list[float]:
    """Which share of what a layer gives (its variance) each option gives too, between 0 and 1.

    Args:
        regressions: one for each group.
        layer: what they are the regressions of.
        options: any number.
    """
    kept = np.zeros(len(options))
    for regression in regressions:
        kept += _energies(regression, layer, options)
    whole = sum(one.energy for one in regressions)
    return [float(one) for one in np.clip(kept / whole, 0.0, 1.0)] if whole > 0 else [1.0] * len(options)


def _energies(regression: Regression, layer: FactorableLayer, options: Sequence[Option]) -> list[float]:
    """What each option keeps of the energy of one group."""
    projected: set[Form] = {"input" if one.form == "tucker" else one.form for one in options}
    steps: dict[Form, np.ndarray] = {form: _steps(regression, layer, form) for form in FORMS if form in projected}
    # The outputs of a window are then projected as those of any layer.
    variances = {
        first: _variances(steps["input"][:first]) for first in {one.ranks[0] for one in options if one.form == "tucker"}
    }
    kept = []
    for option in options:
        first, *second = option.ranks
        kept.append(np.sum(variances[first][: second[0]]) if second else np.sum(steps[option.form][:first] ** 2))
    return [float(one) for one in kept]


def _steps(regression: Regression, layer: FactorableLayer, form: Form) -> np.ndarray:
    """What each further channel behind the first projection adds to the prediction: its squares add up to energy."""
    if form == "output":
        return np.sqrt(np.diff(energies(regression), prepend=0.0))
    cells, ordered = _cells(regression, layer, form)
    return added(ordered, cells)


def _variances(rows: np.ndarray) -> np.ndarray:
    """Of what [..., outputs] predicts, along its main directions."""
    rows = rows.reshape(-1, rows.shape[-1])
    return np.maximum(np.linalg.eigvalsh(rows.T @ rows)[::-1], 0.0)


def _fit(regression: Regression, layer: FactorableLayer, option: Option) -> list[np.ndarray]:
    """The kernels of one group."""
    window, one = layer.window, (1,) * len(layer.window)
    inputs, outputs, ranks = layer.inputs // layer.groups, layer.outputs // layer.groups, option.ranks
    if option.form == "output":
        first, rest = project(regression, 1, ranks[0])
        return [first.reshape(*window, inputs, ranks[0]), rest.weights.reshape(*one, ranks[0], outputs)]
    cells, regression = _cells(regression, layer, option.form)
    if option.form == "input":
        first, rest = project(regression, cells, ranks[0])
        return [first.reshape(*one, inputs, ranks[0]), rest.weights.reshape(*window, ranks[0], outputs)]
    if option.form == "spatial":
        first, rest = project(regression, cells, ranks[0])
        height, width = window
        return [first.reshape(height, 1, inputs, ranks[0]), rest.weights.reshape(1, width, ranks[0], outputs)]
    first, core, last = _tucker(regression, cells, *ranks)
    return [
        first.reshape(*one, inputs, ranks[0]),
        core.reshape(*window, ranks[0], ranks[1]),
        last.reshape(*one, ranks[1], outputs),
    ]


def _cells(regression: Regression, layer: FactorableLayer, form: Form) -> tuple[int, Regression]:
    """The parts of a window that are projected alike: its places, or its columns; and inputs in that order."""
    if form != "spatial":
        return prod(layer.window), regression
    height, width = layer.window
    order = np.arange(len(regression.weights)).reshape(height, width, -1).swapaxes(0, 1).ravel()
    covariance = regression.covariance
    covariance = covariance[order] if covariance.ndim == 1 else covariance[np.ix_(order, order)]
    return width, Regression(covariance, regression.weights[order])


def _tucker(regression: Regression, cells: int, first: int, second: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tucker-2 by higher-order orthogonal iteration (De Lathauwer et al. 2000), in the regression's metric.

    Inputs are projected for what the outputs' main directions need, and those are found in what the projected inputs
    can predict.
    """
    projection, rest = project(regression, cells, first)
    for _ in range(_TUCKER_ROUNDS):
        _, outer = project(rest, 1, second)
        directions = outer.weights / np.linalg.norm(outer.weights, axis=1, keepdims=True)
        wanted = Regression(regression.covariance, regression.weights @ directions.T)
        projection, _ = project(wanted, cells, first)
        rest = refit(regression, projection, cells)
    core, last = project(rest, 1, second)
    return projection, core, last.weights
