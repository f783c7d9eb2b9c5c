"""What a Keras layer takes on a device, for passes on the Keras model: the coefficients of its profile.

Pruning knows a layer by its `LayerWork` and no kernel; shares of a network's latency are what it needs. Layers of low
rank are known by their kernels, each a `Product`. How long a file takes is for `predict`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from ..errors import InputError
from ..targets import Target
from .predict import CostModel
from .work import PRODUCTS, Work

if TYPE_CHECKING:
    from ..factorize.layer import Product
    from ..pruning.costs import LatencyModel, LayerWork


@dataclass(frozen=True)
class _Rates:
    """Milliseconds of what a layer does."""

    kernel_mac: float
    weight_byte: float
    activation: float
    layer: float


def layer_milliseconds(target: Target) -> LatencyModel:
    """The latency model of a device, in the precision that it makes files in, with its threads.

    Where the profile has instructions and not what one takes, the result is millions of those: shares stay right.

    Raises:
        InputError: the profile has no coefficients.
    """
    if target.prediction is None:
        raise InputError(
            f"the profile {target.name} says nothing of how long operators take: prune macs= instead, or measure with "
            "`edgecomp targets fit`"
        )
    rates = _rates(CostModel(target.prediction), target)

    def milliseconds(layer: LayerWork) -> float:
        work = layer.kernel_macs * rates.kernel_mac if layer.kernel_macs else layer.cost.activations * rates.activation
        return work + layer.cost.bytes * rates.weight_byte + rates.layer

    return milliseconds


def _rates(costs: CostModel, target: Target) -> _Rates:
    """Differences between two works, so that what does not grow with them falls out."""
    precision = "int8" if target.model.default_scheme == "int8" else "float32"
    threads = target.runtime.threads

    def rate(of: Callable[[int], Work]) -> float:
        costs_at = [costs.operator_cost(of(size), threads) for size in (_SIZE, 2 * _SIZE)]
        return (costs_at[1] - costs_at[0]) / _SIZE / 1e6

    def product(depth: int) -> Work:
        return Work("pointwise", precision, rows=_SIZE, columns=_SIZE, taps=1, depth=depth)

    return _Rates(
        kernel_mac=rate(product) / _SIZE**2,
        weight_byte=rate(lambda size: Work("dense", precision, weight_bytes=size)),
        activation=rate(lambda size: Work("ADD", precision, elements=size, nbytes=0)),
        layer=costs.operator_cost(Work("ADD", precision), threads) / 1e6,
    )


_SIZE = 960
"""A multiple of the sizes of all tiles."""


def product_cost(target: Target) -> Callable[[Product], float] | None:
    """What one kernel costs on a device, in nanoseconds or instructions, in the precision that it makes files in.

    Args:
        target: the device.

    Returns:
        None where its profile does not say what products cost.
    """
    if target.prediction is None:
        return None
    costs = CostModel(target.prediction)
    precision: str = "int8" if target.model.default_scheme == "int8" else "float32"
    if not all(costs.knows(Work(kind, precision)) for kind in PRODUCTS):
        return None
    threads, size = target.runtime.threads, 1 if precision == "int8" else 4

    def cost(product: Product) -> float:
        whole = len(product.window) and (prod(product.window) > 1 or prod(product.strides) > 1)
        kind = "convolution" if whole else "dense" if product.places == product.groups == 1 else "pointwise"
        read = product.places * prod(product.strides) * product.inputs
        work = Work(
            kind,
            precision,
            rows=product.places * product.groups,
            columns=product.outputs // product.groups,
            taps=prod(product.window),
            depth=product.inputs // product.groups,
            weight_bytes=product.params * size,
            nbytes=(read + product.places * product.outputs) * size,
        )
        return costs.operator_cost(work, threads)

    return cost
