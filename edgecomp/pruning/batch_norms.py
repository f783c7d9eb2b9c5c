"""Which BatchNorm ends up inside which convolution, and what the convolution's weights are then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import list_calls

if TYPE_CHECKING:
    import keras


def folded_batch_norms(model: keras.Model) -> Mapping[str, Any]:
    """The BatchNormalization layers that a converter folds into the layer before them.

    Args:
        model: a functional model, flattened.

    Returns:
        Of each convolution or dense layer that has no activation of its own, is called once and feeds nothing but a
        BatchNormalization over channels: that BatchNormalization, by the layer's name.
    """
    import keras

    calls = list_calls(model)
    readers: dict[int, list[Any]] = {}
    times: dict[str, int] = {}
    for call in calls:
        times[call.operation.name] = times.get(call.operation.name, 0) + 1
        for tensor in call.inputs:
            readers.setdefault(id(tensor), []).append(call.operation)
    shown = {id(tensor) for tensor in model.outputs}
    folded = {}
    for call in calls:
        layer: Any = call.operation
        output = call.outputs[0]
        followers = readers.get(id(output), [])
        if not is_linear(layer) or layer.activation is not keras.activations.linear:
            continue
        if len(followers) != 1 or id(output) in shown or times[layer.name] > 1:
            continue
        norm: Any = followers[0]
        if isinstance(norm, keras.layers.BatchNormalization) and times[norm.name] == 1 and _is_over_channels(norm):
            folded[layer.name] = norm
    return folded


def gain(norm: Any) -> np.ndarray:
    """What a BatchNormalization multiplies each channel by: float64 [channels]."""
    spread: np.ndarray = np.sqrt(np.asarray(norm.moving_variance, np.float64) + norm.epsilon)
    return np.asarray(norm.gamma, np.float64) / spread if norm.scale else 1 / spread


def is_linear(layer: Any) -> bool:
    """Whether a layer multiplies by weights, adds a bias where it has one, and then applies an activation."""
    from keras import layers

    return isinstance(
        layer,
        (
            layers.Conv1D,
            layers.Conv2D,
            layers.Conv3D,
            layers.DepthwiseConv1D,
            layers.DepthwiseConv2D,
            layers.SeparableConv1D,
            layers.SeparableConv2D,
            layers.Conv1DTranspose,
            layers.Conv2DTranspose,
            layers.Conv3DTranspose,
            layers.Dense,
        ),
    )


def _is_over_channels(norm: Any) -> bool:
    return norm.axis in (-1, len(norm.input.shape) - 1)
