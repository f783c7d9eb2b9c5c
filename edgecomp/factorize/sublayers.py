"""The Keras layers that a factorized layer becomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..pruning.copying import assign, copy_operation
from .forms import Option, products_of
from .layer import FactorableLayer, Product

_NAMES = {
    "output": ("reduce",),
    "input": ("reduce",),
    "spatial": ("along",),
    "tucker": ("reduce", "core"),
}
"""What the layers before the last one are called behind the name of the layer; the last one keeps it."""


def make_sublayers(operation: Any, layer: FactorableLayer, option: Option, taken: Collection[str] = ()) -> list[Any]:
    """New layers without weights: all but the last without bias and activation, so that zeros at edges stay zeros.

    Args:
        operation: the layer that they stand for; it is left as it is.
        layer: the same as numbers.
        option: how it is written.
        taken: names that other layers have.
    """
    products = products_of(layer, option)
    names = [*(_unused(f"{layer.name}_{one}", taken) for one in _NAMES[option.form]), layer.name]
    made = []
    for place, (name, product) in enumerate(zip(names, products, strict=True)):
        changes: dict[str, Any] = {"name": name, **_geometry(operation, product)}
        if place < len(products) - 1:
            changes |= {"use_bias": False, "activation": None, "activity_regularizer": None}
        else:
            changes["use_bias"] = True
        made.append(copy_operation(operation, changes))
    return made


def _unused(name: str, taken: Collection[str]) -> str:
    return name if name not in taken else _unused(f"{name}_", taken)


def build(sublayers: Sequence[Any], shape: tuple[int | None, ...]) -> None:
    """Makes the weights of layers that follow each other, for an input of this shape."""
    for one in sublayers:
        one.build(shape)
        shape = one.compute_output_shape(shape)


def set_weights(sublayers: Sequence[Any], kernels: Sequence[np.ndarray], bias: np.ndarray) -> None:
    """Gives built layers their weights."""
    for place, (one, kernel) in enumerate(zip(sublayers, kernels, strict=True)):
        values = {"kernel": kernel.astype(np.float32)}
        assign(one, {**values, "bias": bias.astype(np.float32)} if place == len(sublayers) - 1 else values)


def _geometry(operation: Any, product: Product) -> dict[str, Any]:
    """How the kernel of a product goes over what it reads."""
    if not product.window:
        return {"units": product.outputs}
    dilation = [rate if size > 1 else 1 for size, rate in zip(product.window, operation.dilation_rate, strict=True)]
    return {
        "filters": product.outputs,
        "kernel_size": product.window,
        "strides": product.strides,
        "dilation_rate": tuple(dilation),
    }
