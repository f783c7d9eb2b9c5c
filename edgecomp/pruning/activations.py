"""How much the values of each channel vary on samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .by_channel import channel_count
from .calls import list_calls
from .channel_graph import FROZEN, ChannelGraph
from .feeding import input_arrays

if TYPE_CHECKING:
    import keras

_BATCH = 16


def activation_variance(model: keras.Model, graph: ChannelGraph, data: Any) -> np.ndarray:
    """The variance of each channel where it is read, over samples and places; the mean over its readers.

    Args:
        model: a functional model, flattened.
        graph: its channels.
        data: samples; see `importance.score`.

    Returns:
        float64 [number of channels]

    Raises:
        InputError: the samples do not fit the model.
    """
    read = _read_tensors(model, graph)
    total = np.zeros(channel_count(graph))
    readers = np.zeros_like(total)
    for labels, variance in zip(read.values(), _variances(model, list(read), data), strict=True):
        free = labels != FROZEN
        total += np.bincount(labels[free], variance[free], minlength=len(total))
        readers += np.bincount(labels[free], minlength=len(total))
    return total / np.maximum(readers, 1)


def _read_tensors(model: Any, graph: ChannelGraph) -> dict[Any, np.ndarray]:
    """The tensors that layers with weights read, with their channels."""
    reading = {axis.layer for axis in graph.axes if axis.role == "consumes"}
    calls = list_calls(model)
    names = {id(tensor): name for call in calls for name, tensor in zip(call.output_names(), call.outputs, strict=True)}
    read = {id(tensor): tensor for call in calls if call.layer in reading for tensor in call.inputs}
    known = {tensor: graph.tensors.get(names[key]) for key, tensor in read.items()}
    return {tensor: labels for tensor, labels in known.items() if labels is not None and (labels != FROZEN).any()}


def _variances(model: Any, tensors: list[Any], data: Any) -> list[np.ndarray]:
    """The variance along the last axis of each tensor: float64 [size of the last axis]."""
    import keras
    import tensorflow as tf

    if not tensors:
        return []
    inputs = input_arrays(model, data)
    inner = keras.Model(model.input, tensors)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def sums(batch: Any) -> Any:
        fed = keras.tree.pack_sequence_as(model.input, batch)
        doubles = [tf.cast(one, tf.float64) for one in keras.tree.flatten(inner(fed, training=False))]
        return [
            tf.stack([tf.reduce_sum(tf.reshape(one**power, (-1, one.shape[-1])), 0) for power in (0, 1, 2)])
            for one in doubles
        ]

    starts = range(0, len(inputs[0]), _BATCH)
    batches = [sums([tf.constant(array[start : start + _BATCH]) for array in inputs]) for start in starts]
    moments = [np.sum([np.asarray(one) for one in tensor], axis=0) for tensor in zip(*batches, strict=True)]
    return [np.maximum(square / count - (mean / count) ** 2, 0) for count, mean, square in moments]
