"""Ranks that stand out from noise in the weights, and the option that they make."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .forms import Form, Option, forms_for, full_ranks, is_cheaper
from .layer import FactorableLayer, LatencyModel
from .vbmf import bayesian_rank


def bayesian_options(
    operation: Any, layer: FactorableLayer, multiple: int, latency: LatencyModel | None
) -> list[Option]:
    """The one option of a layer whose ranks its weights speak for; none where that is no cheaper.

    Args:
        operation: the layer.
        layer: the same as numbers.
        multiple: ranks times groups are rounded up to multiples of it.
        latency: see `forms.cheaper_options`.
    """
    form: Form = "tucker" if "tucker" in forms_for(layer) else "output"
    kernel = np.asarray(operation.kernel, np.float64).reshape(-1, layer.inputs // layer.groups, layer.outputs)
    groups = np.split(kernel, layer.groups, axis=-1)
    axes = (2,) if form == "output" else (1, 2)
    ranks = []
    for axis, full in zip(axes, full_ranks(layer, form), strict=True):
        found = max(bayesian_rank(np.moveaxis(one, axis, 0).reshape(one.shape[axis], -1)) for one in groups)
        step = multiple // math.gcd(multiple, layer.groups)
        ranks.append(min(max(-(-found // step), 1) * step, full))
    option = _without_full_sides(Option(form, tuple(ranks)), layer)
    return [option] if is_cheaper(layer, option, latency) else []


def _without_full_sides(option: Option, layer: FactorableLayer) -> Option:
    """A side of full rank needs no kernel of its own."""
    if option.form != "tucker":
        return option
    first, second = option.ranks
    first_full, second_full = full_ranks(layer, "tucker")
    if first == first_full:
        return Option("output", (second,))
    return Option("input", (first,)) if second == second_full else option
