"""The forms that a layer of low rank can have, and what each of them costs. Needs no TensorFlow.

- "output": the layer with fewer outputs, then a 1x1 (Zhang et al. 2015, "Accelerating Very Deep Convolutional Networks
  for Classification and Detection"); of a dense layer or a 1x1 convolution, the singular value decomposition.
- "input": a 1x1 to fewer channels, then the layer.
- "spatial": along the first axis of the window, then along the second (Jaderberg et al. 2014, "Speeding up
  Convolutional Neural Networks with Low Rank Expansions").
- "tucker": a 1x1 to fewer channels, the window, a 1x1 to all outputs (Kim et al. 2015, "Compression of Deep
  Convolutional Neural Networks for Fast and Low Power Mobile Applications").
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import numpy as np

from .layer import FactorableLayer, LatencyModel, Product

Form = Literal["output", "input", "spatial", "tucker"]
FORMS: tuple[Form, ...] = get_args(Form)

_MOST_RANKS = 32
"""Of one form that are looked at; finer steps change little."""

_MOST_TUCKER_RANKS = 10
"""On each side, of which all pairs are looked at."""


@dataclass(frozen=True)
class Option:
    """One way to write a layer.

    Args:
        form: one of `FORMS`.
        ranks: channels between the factors, in each group: one number, or two for "tucker", inputs first.
    """

    form: Form
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class OptionCost:
    """What an option costs.

    Args:
        products: its kernels in the order in which they are computed.
        macs: multiply-accumulates of one inference.
        params: weights, and the bias that the last of them has.
    """

    products: tuple[Product, ...]
    macs: int
    params: int


def products_of(layer: FactorableLayer, option: Option) -> tuple[Product, ...]:
    """The kernels of a form in the order in which they are computed."""
    one = (1,) * len(layer.window)
    inner = [layer.groups * rank for rank in option.ranks]
    kernel, strides = layer.kernel, layer.strides
    if option.form == "output":
        return (
            kernel(layer.window, layer.inputs, inner[0], strides, layer.places_out),
            kernel(one, inner[0], layer.outputs, one, layer.places_out),
        )
    if option.form == "input":
        return (
            kernel(one, layer.inputs, inner[0], one, layer.places_in),
            kernel(layer.window, inner[0], layer.outputs, strides, layer.places_out),
        )
    if option.form == "spatial":
        (height, width), (down, right) = layer.window, strides
        return (
            kernel((height, 1), layer.inputs, inner[0], (down, 1), layer.places_between),
            kernel((1, width), inner[0], layer.outputs, (1, right), layer.places_out),
        )
    return (
        kernel(one, layer.inputs, inner[0], one, layer.places_in),
        kernel(layer.window, inner[0], inner[1], strides, layer.places_out),
        kernel(one, inner[1], layer.outputs, one, layer.places_out),
    )


def cost_of(layer: FactorableLayer, option: Option) -> OptionCost:
    """What an option costs."""
    products = products_of(layer, option)
    macs, params = sum(one.macs for one in products), sum(one.params for one in products)
    return OptionCost(products, macs, params + layer.outputs)


def full_ranks(layer: FactorableLayer, form: Form) -> tuple[int, ...]:
    """The ranks at which a form can compute whatever the layer does."""
    taps, inputs, outputs = prod(layer.window), layer.inputs // layer.groups, layer.outputs // layer.groups
    if form == "output":
        return (min(taps * inputs, outputs),)
    if form == "input":
        return (min(inputs, taps * outputs),)
    if form == "spatial":
        return (min(layer.window[0] * inputs, layer.window[1] * outputs),)
    return min(inputs, taps * outputs), min(taps * inputs, outputs)


def forms_for(layer: FactorableLayer) -> tuple[Form, ...]:
    """The forms that differ from each other for this layer."""
    if prod(layer.window) == 1:
        return ("output",)
    if len(layer.window) == 2 and min(layer.window) > 1:
        return FORMS
    return ("output", "input", "tucker")


def cheaper_options(layer: FactorableLayer, multiple: int, latency: LatencyModel | None = None) -> list[Option]:
    """The options that save multiply-accumulates, weights and time.

    Args:
        layer: to be factorized.
        multiple: ranks times groups are multiples of it.
        latency: predicts how long a kernel takes; None trusts in multiply-accumulates.

    Returns:
        none where no form is cheaper.
    """
    options = []
    for form in forms_for(layer):
        most = _MOST_TUCKER_RANKS if form == "tucker" else _MOST_RANKS
        sides = [_ranks(full, multiple, layer.groups, most) for full in full_ranks(layer, form)]
        pairs = [(one,) for one in sides[0]] if len(sides) == 1 else [(a, b) for a in sides[0] for b in sides[1]]
        options += [option for ranks in pairs if is_cheaper(layer, option := Option(form, ranks), latency)]
    return options


def is_cheaper(layer: FactorableLayer, option: Option, latency: LatencyModel | None) -> bool:
    """Whether a form saves multiply-accumulates and parameters, and takes less time where a latency model tells."""
    whole, cost = layer.product, cost_of(layer, option)
    if cost.macs >= whole.macs or cost.params >= whole.params + layer.outputs:
        return False
    return latency is None or sum(map(latency, cost.products)) < latency(whole)


def _ranks(full: int, multiple: int, groups: int, most: int) -> list[int]:
    """Ranks below the full one whose channels over all groups are a multiple, not too many of them."""
    step = multiple // np.gcd(multiple, groups)
    ranks = np.arange(step, full, step)
    if len(ranks) > most:
        ranks = ranks[np.unique(np.linspace(0, len(ranks) - 1, most).round().astype(int))]
    return [int(one) for one in ranks]
