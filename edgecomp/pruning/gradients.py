"""What removing a channel would do, from gradients of single samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..models.safe_gradients import safe_gradients
from .by_channel import channel_count, making_axes, sum_along, sum_by_channel
from .channel_graph import ChannelGraph, WeightAxis
from .feeding import input_arrays, spread_out
from .objectives import Objective, choose_objectives
from .variables import layer_variables

if TYPE_CHECKING:
    import keras

_Of = Literal["weight x gradient", "gradient squared"]

_MOST_SAMPLES = 128
"""Each sample is a pass forth and back of its own."""


def gate_effects(model: keras.Model, graph: ChannelGraph, data: Any, labels: Any, seed: int) -> np.ndarray:
    """The mean square of what removing each channel does to the loss, or to the outputs, to the first order.

    Removing a channel is the same as zeroing the weights that read it, so its gate's gradient is the sum of weight x
    gradient over them.

    Args:
        model: a functional model, flattened.
        graph: its channels.
        data: samples; see `importance.score`.
        labels: their labels, or None; see there.
        seed: of the random projections of the outputs.

    Returns:
        float64 [number of channels]

    Raises:
        InputError: the samples or labels do not fit the model.
    """
    axes = [axis for axis in graph.axes if axis.role == "consumes"]
    total = np.zeros(channel_count(graph))
    samples = 0
    for sums in _axis_sums(model, axes, "weight x gradient", data, labels, seed):
        gates = [sum_by_channel(len(total), axis, values) for axis, values in zip(axes, sums, strict=True)]
        total += np.sum(gates, axis=0) ** 2
        samples += 1
    return total / samples


def weight_curvature(model: keras.Model, graph: ChannelGraph, data: Any, labels: Any, seed: int) -> np.ndarray:
    """The trace of the Fisher information over the weights that make each channel, times their mean energy, halved.

    Args and the rest: see `gate_effects`.
    """
    axes = list(making_axes(graph))
    traces = [np.zeros(len(axis.channels)) for axis in axes]
    samples = 0
    for sums in _axis_sums(model, axes, "gradient squared", data, labels, seed):
        traces = [trace + values for trace, values in zip(traces, sums, strict=True)]
        samples += 1
    total = np.zeros(channel_count(graph))
    for axis, trace in zip(axes, traces, strict=True):
        weights = np.asarray(layer_variables(model.get_layer(axis.layer))[axis.variable], np.float64)
        mean_energy = sum_along(weights**2, axis.axis) * weights.shape[axis.axis] / weights.size
        total += sum_by_channel(len(total), axis, trace / samples * mean_energy / 2)
    return total


def _axis_sums(
    model: Any,
    axes: Sequence[WeightAxis],
    of: _Of,
    data: Any,
    labels: Any,
    seed: int,
) -> Iterator[list[np.ndarray]]:
    """For each sample, a sum along each weight axis: over all elements of the weight that an index has."""
    import tensorflow as tf

    if not axes:
        return
    inputs = input_arrays(model, data)
    objectives = choose_objectives(model, inputs, labels, seed)
    sums = _make_sums(model, axes, of, objectives)
    for index in spread_out(len(inputs[0]), _MOST_SAMPLES):
        one = slice(index, index + 1)
        sample = [tf.constant(array[one]) for array in inputs]
        yield [
            np.asarray(value)
            for value in sums(sample, [tf.constant(objective.targets[one]) for objective in objectives])
        ]


def _make_sums(model: Any, axes: Sequence[WeightAxis], of: _Of, objectives: Sequence[Objective]) -> Any:
    """Compiles what gives the sums of one sample: (its inputs, its targets) -> a tensor [indices] for each axis."""
    import keras
    import tensorflow as tf

    weights = [layer_variables(model.get_layer(axis.layer))[axis.variable].value for axis in axes]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def sums(sample: Any, targets: Any) -> Any:
        with safe_gradients(model), tf.GradientTape(watch_accessed_variables=False) as tape:
            for weight in weights:
                tape.watch(weight)
            outputs = keras.tree.flatten(model(keras.tree.pack_sequence_as(model.input, sample), training=False))
            pairs = zip(objectives, outputs, targets, strict=True)
            loss = tf.add_n([objective.value(output, target) for objective, output, target in pairs])
        gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
        found = []
        for axis, weight, gradient in zip(axes, weights, gradients, strict=True):
            dense = tf.convert_to_tensor(gradient)  # an Embedding's gradient is sparse
            value = dense * weight if of == "weight x gradient" else dense**2
            others = [one for one in range(len(weight.shape)) if one != axis.axis]
            found.append(tf.reduce_sum(value, others))
        return found

    return sums
