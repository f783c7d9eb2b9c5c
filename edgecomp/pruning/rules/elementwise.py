"""What treats every value by itself, or together with those at the same channel: activations, sums, products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..labels import NotFollowedError
from .site import Site, last_size, only, over_axes

ACTIVATIONS = frozenset(
    (
        "linear",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "swish",
        "mish",
        "sigmoid",
        "hard_sigmoid",
        "hard_sigmoid_keras2",
        "sparse_sigmoid",
        "log_sigmoid",
        "tanh",
        "hard_tanh",
        "tanh_shrink",
        "softplus",
        "sparse_plus",
        "squareplus",
        "softsign",
        "soft_shrink",
        "hard_shrink",
        "hard_silu",
        "hard_swish",
        "threshold",
        "exponential",
    )
)
"""Activations that treat every value by itself: `softmax`, `log_softmax`, `sparsemax` and `glu` do not."""

_ACTIVATION_LAYERS = frozenset({"ReLU", "LeakyReLU", "ELU"})


def is_elementwise(activation: Any) -> bool:
    """Whether an activation, as a layer holds it, is known to treat every value by itself."""
    if activation is None:
        return True
    kind = type(activation)
    if kind.__name__ in _ACTIVATION_LAYERS:
        return kind.__module__.startswith("keras.")
    if kind.__name__ == "Activation" and kind.__module__.startswith("keras."):
        return is_elementwise(activation.activation)
    origin = getattr(activation, "__module__", None) or ""
    return getattr(activation, "__name__", "") in ACTIVATIONS and origin.startswith(("keras.", "edgecomp."))


def check_activation(site: Site, activation: Any, labels: np.ndarray) -> None:
    """Freezes what a layer makes if its activation may mix the channels."""
    if not is_elementwise(activation):
        name = getattr(activation, "__name__", type(activation).__name__)
        site.channels.freeze(labels, f"they go together through the {name} of {site.layer}")


def passing(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """What keeps the channels apart and in their place: pooling, padding, resizing, dropout, most activations."""
    return [only(site, inputs)]


def activation(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Activation."""
    labels = only(site, inputs)
    check_activation(site, site.operation.activation, labels)
    return [labels]


def prelu(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """PReLU: alpha has the input's shape without the batch, 1 along shared axes."""
    labels = only(site, inputs)
    shape = site.shape("alpha")
    if shape is not None and shape[-1] == labels.size:
        site.mark("alpha", -1, labels, "carries")
    return [labels]


def layer_scale(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """ConvNeXt's LayerScale: each channel times a factor."""
    labels = only(site, inputs)
    site.mark("gamma", 0, labels, "carries")
    return [labels]


def together(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Sums, products, extremes, comparisons: channels at the same place become one; a single one broadcasts.

    Constants among the arguments may be numbers, or arrays that are the same for every channel.
    """
    for value in (*site.arguments, *site.keywords.values()):
        shape = _constant_shape(value)
        if shape and shape[-1] > 1:
            raise NotFollowedError(f"of the constants in {site.layer}, one for each channel")
    if any(len(shape) == 1 for shape in site.input_shapes):
        raise NotFollowedError(f"of an input without channels in {site.layer}")
    size = last_size(site.output_shapes[0])
    wide = [labels for labels in inputs if labels.size == size]
    if not wide:
        raise NotFollowedError(f"of the shapes that {site.layer} brings together")
    for labels in wide[1:]:
        site.channels.unite(wide[0], labels)
    return [wide[0]]


def _constant_shape(value: Any) -> tuple[int, ...]:
    """The shape of an argument that is a constant; () for numbers, and for tensors of the graph."""
    import keras

    if any(isinstance(one, keras.KerasTensor) for one in keras.tree.flatten(value)):
        return ()
    return tuple(np.shape(value))


def clip(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`clip` between numbers."""
    if np.size(site.operation.x_min) > 1 or np.size(site.operation.x_max) > 1:
        raise NotFollowedError(f"of the constants in {site.layer}, one for each channel")
    return [only(site, inputs)]


def scaling(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Rescaling: numbers, or arrays with one for each channel, which the configuration holds."""
    labels = only(site, inputs)
    if any(np.size(value) > 1 for value in (site.operation.scale, site.operation.offset)):
        raise NotFollowedError(f"of the constants in {site.layer}, one for each channel")
    return [labels]


def softmax(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Softmax, and what else weighs the values along an axis against each other."""
    labels = only(site, inputs)
    if over_axes(site.operation.axis, site.input_shapes[0]):
        site.channels.freeze(labels, f"they go together through the {site.kind} of {site.layer}")
    return [labels]


def reduction(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Means, sums and extremes over axes: channels stay apart unless the axes take them in."""
    labels = only(site, inputs)
    if over_axes(site.operation.axis, site.input_shapes[0]):
        raise NotFollowedError(f"they are reduced in {site.layer}")
    return [labels]
