"""What each kind of layer does to the channels it is given, told by hand.

Every network begins with a convolution of 6 channels, 0 to 5, and ends with a dense layer of frozen units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.channel_graph import FROZEN, ChannelGraph

FIRST = list(range(6))


def graph_of(build: Callable[[Any], Any], *, size: int = 4) -> ChannelGraph:
    inputs = keras.Input((size, size, 3))
    x = build(layers.Conv2D(6, 1, name="first")(inputs))
    if len(x.shape) > 2:
        x = layers.Flatten(name="end")(x)
    return analyze(keras.Model(inputs, layers.Dense(2, name="last")(x)))


def axis_of(graph: ChannelGraph, layer: str, variable: str, axis: int = 0) -> tuple[list[int], str]:
    found = next(one for one in graph.axes if (one.layer, one.variable, one.axis) == (layer, variable, axis))
    return found.channels.tolist(), found.role


def tensor(graph: ChannelGraph, name: str) -> list[int]:
    return graph.tensors[name].tolist()


def test_a_convolution_reads_and_makes_channels() -> None:
    graph = graph_of(lambda x: layers.Conv2D(3, 3, name="conv")(x))
    assert axis_of(graph, "first", "kernel", 2) == ([FROZEN] * 3, "consumes")
    assert axis_of(graph, "first", "kernel", 3) == (FIRST, "produces")
    assert axis_of(graph, "first", "bias") == (FIRST, "produces")
    assert axis_of(graph, "conv", "kernel", 2) == (FIRST, "consumes")
    assert axis_of(graph, "conv", "kernel", 3) == ([6, 7, 8], "produces")
    assert axis_of(graph, "last", "kernel", 0) == ([6, 7, 8] * 4, "consumes")
    assert axis_of(graph, "last", "kernel", 1) == ([FROZEN] * 2, "produces")
    assert [(group.producers, group.consumers) for group in graph.groups] == [
        (("first",), ("conv",)),
        (("conv",), ("last",)),
    ]
    assert graph.frozen == {"last": "they are the model's output"}


def test_a_transposed_convolution_has_its_kernel_the_other_way_round() -> None:
    graph = graph_of(lambda x: layers.Conv2DTranspose(3, 3, name="up")(x))
    assert axis_of(graph, "up", "kernel", 3) == (FIRST, "consumes")
    assert axis_of(graph, "up", "kernel", 2) == ([6, 7, 8], "produces")


def test_depthwise_passes_each_channel_as_often_as_its_multiplier() -> None:
    graph = graph_of(lambda x: layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(x))
    assert axis_of(graph, "deep", "kernel", 2) == (FIRST, "carries")
    assert axis_of(graph, "deep", "bias") == (sorted(FIRST * 2), "carries")
    assert tensor(graph, "deep/0/0") == sorted(FIRST * 2)


def test_a_separable_convolution_carries_then_reads() -> None:
    graph = graph_of(lambda x: layers.SeparableConv2D(2, 3, depth_multiplier=2, name="sep")(x))
    assert axis_of(graph, "sep", "depthwise_kernel", 2) == (FIRST, "carries")
    assert axis_of(graph, "sep", "pointwise_kernel", 2) == (sorted(FIRST * 2), "consumes")
    assert axis_of(graph, "sep", "pointwise_kernel", 3) == ([6, 7], "produces")
    assert axis_of(graph, "sep", "bias") == ([6, 7], "produces")


def test_few_groups_lose_the_same_positions() -> None:
    graph = graph_of(lambda x: layers.Conv2D(8, 3, groups=2, name="conv")(x))
    assert tensor(graph, "first/0/0") == [0, 1, 2, 0, 1, 2]
    assert axis_of(graph, "conv", "kernel", 2) == ([0, 1, 2], "consumes")
    assert axis_of(graph, "conv", "kernel", 3) == ([3, 4, 5, 6] * 2, "produces")


def test_many_groups_go_as_a_whole() -> None:
    graph = graph_of(lambda x: layers.Conv2D(9, 3, groups=3, name="conv")(x))
    assert tensor(graph, "first/0/0") == [0, 0, 1, 1, 2, 2]
    assert axis_of(graph, "conv", "kernel", 3) == ([0, 0, 0, 1, 1, 1, 2, 2, 2], "carries")
    assert not [one for one in graph.axes if (one.layer, one.variable, one.axis) == ("conv", "kernel", 2)]


def test_batch_norm_carries_its_statistics() -> None:
    graph = graph_of(lambda x: layers.BatchNormalization(name="norm")(x))
    for variable in ("gamma", "beta", "moving_mean", "moving_variance"):
        assert axis_of(graph, "norm", variable) == (FIRST, "carries")


@pytest.mark.parametrize(("shared", "axes"), [((1, 2), [(2, FIRST)]), ((1, 2, 3), []), (None, [(2, FIRST)])])
def test_prelu_carries_unless_all_is_shared(shared: Any, axes: list[Any]) -> None:
    graph = graph_of(lambda x: layers.PReLU(shared_axes=shared, name="prelu")(x))
    assert [(one.axis, one.channels.tolist()) for one in graph.axes if one.layer == "prelu"] == axes


PASSING: dict[str, Callable[[Any], Any]] = {
    "relu": layers.ReLU(name="it"),
    "leaky": layers.LeakyReLU(name="it"),
    "swish": layers.Activation("swish", name="it"),
    "pool": layers.MaxPooling2D(name="it"),
    "global pool": layers.GlobalAveragePooling2D(name="it"),
    "padding": layers.ZeroPadding2D(name="it"),
    "cropping": layers.Cropping2D(name="it"),
    "dropout": layers.SpatialDropout2D(0.1, name="it"),
    "noise": layers.GaussianNoise(0.1, name="it"),
    "upsampling": layers.UpSampling2D(name="it"),
    "resizing": layers.Resizing(5, 5, name="it"),
    "rescaling": layers.Rescaling(2.0, name="it"),
    "softmax over space": layers.Softmax(axis=(1, 2), name="it"),
    "norm over space": layers.LayerNormalization(axis=(1, 2), name="it"),
    "permute": layers.Permute((2, 1, 3), name="it"),
    "reshape": layers.Reshape((2, 8, 6), name="it"),
}


@pytest.mark.parametrize("name", PASSING)
def test_channels_pass(name: str) -> None:
    graph = graph_of(PASSING[name])
    assert tensor(graph, "it/0/0") == FIRST


FREEZING: dict[str, Callable[[Any], Any]] = {
    "softmax": layers.Softmax(name="it"),
    "activation": layers.Activation("log_softmax", name="it"),
    "own activation": layers.Activation(lambda x: x[..., ::-1], name="it"),
    "layer norm": layers.LayerNormalization(name="it"),
    "rms norm": layers.RMSNormalization(name="it"),
    "unit norm": layers.UnitNormalization(name="it"),
    "group norm": layers.GroupNormalization(2, name="it"),
    "lambda": layers.Lambda(lambda x: x, output_shape=(4, 4, 6), name="it"),
    "normalized elsewhere": lambda x: layers.BatchNormalization(name="it")(layers.Permute((3, 1, 2))(x)),
    "reshape": layers.Reshape((32, 3), name="it"),
    "turned round": lambda x: x[..., ::-1],
    "with gaps": lambda x: x[..., ::2],
    "picked": lambda x: x[..., 1],
    "taken": lambda x: ops.take(x, [0, 2], axis=-1),
    "channel sum": lambda x: ops.sum(x, axis=-1),
    "total": lambda x: ops.sum(x, axis=None, keepdims=True),
    "product": lambda x: ops.matmul(x, np.eye(6, dtype="float32")),
    "constants": lambda x: x * np.arange(6, dtype="float32"),
    "cumulative": lambda x: ops.cumsum(x, axis=-1),
    "transpose": lambda x: layers.Conv2D(2, 1)(ops.transpose(x, (0, 3, 1, 2))),
    "reshaped elsewhere": lambda x: ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, 6, 16)),
    "nested": keras.Sequential([keras.Input((4, 4, 6)), layers.ReLU()], name="it"),
}


@pytest.mark.parametrize("name", FREEZING)
def test_what_mixes_channels_freezes_them(name: str) -> None:
    graph = graph_of(FREEZING[name])
    merged = name == "reshape"  # halves that stand at the same place are one, and stay
    assert tensor(graph, "first/0/0") == ([0, 1, 2] * 2 if merged else [FROZEN] * 6)
    assert merged or graph.frozen["first"]


def test_a_subclass_of_a_known_layer_is_unknown() -> None:
    class Mixing(layers.ReLU):
        def call(self, x: Any) -> Any:
            return x[..., ::-1]

    graph = graph_of(Mixing(name="it"))
    assert graph.frozen["it"] == "it (Mixing) is not known to keep channels apart"
    assert tensor(graph, "first/0/0") == [FROZEN] * 6


def test_a_quantized_layer_is_unknown() -> None:
    inputs = keras.Input((6,))
    x = layers.Dense(4, name="first")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Dense(3, name="it")(x)))
    model.get_layer("it").quantize("int8")
    assert tensor(analyze(model), "first/0/0") == [FROZEN] * 4


def test_flatten_repeats_the_channels_at_every_place() -> None:
    graph = graph_of(lambda x: layers.Flatten(name="flat")(x))
    assert tensor(graph, "flat/0/0") == FIRST * 16


def test_reshape_makes_units_at_the_same_place_one() -> None:
    graph = graph_of(
        lambda x: layers.Reshape((2, 2, 3), name="it")(layers.Dense(12, name="units")(layers.Flatten()(x)))
    )
    assert tensor(graph, "it/0/0") == [6, 7, 8]
    assert axis_of(graph, "units", "bias") == ([6, 7, 8] * 4, "produces")


@pytest.mark.parametrize(
    "move",
    [
        layers.Permute((3, 1, 2)),
        lambda x: ops.transpose(x, (0, 3, 1, 2)),
        lambda x: ops.moveaxis(x, -1, 1),
        lambda x: ops.transpose(ops.swapaxes(x, 1, -1), (0, 1, 3, 2)),
    ],
)
def test_channels_are_followed_to_another_axis(move: Callable[[Any], Any]) -> None:
    graph = graph_of(lambda x: layers.Flatten(name="flat")(move(x)))
    assert tensor(graph, "flat/0/0") == [channel for channel in FIRST for _ in range(16)]
    graph = graph_of(lambda x: layers.Conv2D(2, 1, name="it")(layers.Permute((2, 3, 1))(move(x))))
    assert axis_of(graph, "it", "kernel", 2)[0] == FIRST


def test_shuffled_groups_keep_the_same_positions() -> None:
    def shuffle(x: Any) -> Any:
        x = layers.Permute((1, 2, 4, 3), name="moved")(layers.Reshape((4, 4, 2, 3))(x))
        return layers.Reshape((4, 4, 6), name="it")(x)

    graph = graph_of(shuffle)
    assert tensor(graph, "first/0/0") == [0, 1, 2, 0, 1, 2]
    assert tensor(graph, "moved/0/0") == [FROZEN] * 2
    assert tensor(graph, "it/0/0") == [0, 0, 1, 1, 2, 2]


def test_a_reshape_called_twice_makes_the_same_channels() -> None:
    shared = layers.Reshape((16, 6))
    graph = graph_of(lambda x: layers.Concatenate()([shared(x), shared(layers.Conv2D(6, 1, name="other")(x))]))
    assert tensor(graph, "other/0/0") == FIRST


def test_slices_and_splits_take_their_part() -> None:
    def build(x: Any) -> Any:
        parts = ops.split(x, [1, 3], axis=-1)
        return layers.Concatenate(name="it")([x[:, 1:, 1:, 4:], parts[1][:, 1:, 1:], x[:, 1:, 1:]])

    graph = graph_of(build)
    assert tensor(graph, "it/0/0") == [4, 5, 1, 2, *FIRST]
    assert [group.channels for group in graph.groups] == [(0,), (1, 2), (3,), (4, 5)]


@pytest.mark.parametrize("key", [(0,), (slice(None), 1), (Ellipsis, 1, slice(None)), (None, Ellipsis)])
def test_indexing_other_axes_passes(key: Any) -> None:
    graph = graph_of(lambda x: layers.Conv1D(2, 1, name="it")(ops.reshape(x[key], (-1, 4, 6))))
    assert axis_of(graph, "it", "kernel", 1)[0] == FIRST


def test_sums_make_channels_one_position_by_position() -> None:
    graph = graph_of(lambda x: layers.Add(name="it")([x, layers.Conv2D(6, 3, padding="same", name="other")(x)]))
    assert tensor(graph, "other/0/0") == FIRST
    assert graph.groups[0].producers == ("first", "other")
    assert graph.groups[0].consumers == ("other", "last")


def test_a_single_channel_that_broadcasts_unites_nothing() -> None:
    graph = graph_of(lambda x: layers.Multiply(name="it")([layers.Conv2D(1, 1, name="gate")(x), x]))
    assert tensor(graph, "it/0/0") == FIRST
    assert tensor(graph, "gate/0/0") == [6]


def test_a_gate_without_places_is_united_with_what_it_scales() -> None:
    graph = graph_of(lambda x: layers.Multiply()([x, layers.Dense(6, name="gate")(layers.GlobalMaxPooling2D()(x))]))
    assert axis_of(graph, "gate", "kernel", 1) == (FIRST, "produces")


def test_joining_lines_up_or_unites() -> None:
    def build(x: Any) -> Any:
        other = layers.Conv2D(6, 1, name="other")(x)
        wide = layers.Concatenate(name="wide")([x, other])
        long = layers.Concatenate(axis=1)([x, layers.Conv2D(6, 1, name="third")(wide)])
        return layers.Flatten()(long)

    graph = graph_of(build)
    assert tensor(graph, "wide/0/0") == list(range(12))
    assert tensor(graph, "third/0/0") == FIRST


def test_a_layer_called_twice_unites_what_its_calls_read() -> None:
    shared = layers.Conv2D(3, 1, name="shared")
    other = layers.Conv2D(6, 1, name="other")
    graph = graph_of(lambda x: layers.Concatenate(name="it")([shared(x), shared(other(x))]))
    assert tensor(graph, "other/0/0") == FIRST
    assert tensor(graph, "it/0/0") == [6, 7, 8, 6, 7, 8]


def test_a_layer_frozen_in_one_call_is_frozen_in_all() -> None:
    shared = layers.PReLU(shared_axes=(1, 2), name="shared")
    graph = graph_of(lambda x: layers.Concatenate()([shared(x), shared(layers.Softmax()(layers.Conv2D(6, 1)(x)))]))
    assert tensor(graph, "first/0/0") == [FROZEN] * 6


def test_recurrent_units_are_read_by_themselves() -> None:
    graph = graph_of(lambda x: layers.LSTM(2, name="lstm")(layers.Reshape((16, 6))(x)))
    assert axis_of(graph, "lstm", "cell/kernel", 0) == (FIRST, "consumes")
    assert axis_of(graph, "lstm", "cell/kernel", 1) == ([6, 7] * 4, "produces")
    assert axis_of(graph, "lstm", "cell/recurrent_kernel", 0) == ([6, 7], "consumes")
    assert axis_of(graph, "lstm", "cell/recurrent_kernel", 1) == ([6, 7] * 4, "produces")
    assert axis_of(graph, "lstm", "cell/bias") == ([6, 7] * 4, "produces")


def test_a_gru_has_two_rows_of_biases() -> None:
    graph = graph_of(lambda x: layers.GRU(2, name="gru")(layers.Reshape((16, 6))(x)))
    assert axis_of(graph, "gru", "cell/bias", 1) == ([6, 7] * 3, "produces")


def test_states_are_units() -> None:
    def build(x: Any) -> Any:
        x = layers.Reshape((16, 6))(x)
        first, *states = layers.LSTM(2, return_sequences=True, return_state=True, name="encoder")(x)
        return layers.LSTM(2, name="decoder")(first, initial_state=states)

    graph = graph_of(build)
    assert [tensor(graph, f"encoder/0/{index}") for index in range(3)] == [[6, 7]] * 3
    assert tensor(graph, "decoder/0/0") == [6, 7]


@pytest.mark.parametrize(("mode", "expected"), [("concat", [6, 7, 6, 7]), ("sum", [6, 7])])
def test_both_directions_lose_the_same_units(mode: str, expected: list[int]) -> None:
    graph = graph_of(
        lambda x: layers.Bidirectional(layers.GRU(2), merge_mode=mode, name="it")(layers.Reshape((16, 6))(x))
    )
    assert tensor(graph, "it/0/0") == expected
    assert axis_of(graph, "it", "backward_layer/cell/kernel", 0) == (FIRST, "consumes")


def test_a_layer_at_every_step_is_followed() -> None:
    graph = graph_of(lambda x: layers.TimeDistributed(layers.Flatten(), name="it")(x))
    assert tensor(graph, "it/0/0") == FIRST * 4
    graph = graph_of(lambda x: layers.TimeDistributed(layers.Dense(2), name="it")(x))
    assert axis_of(graph, "it", "layer/kernel", 0) == (FIRST, "consumes")


def test_attention_reads_its_inputs_and_makes_its_outputs() -> None:
    graph = graph_of(lambda x: layers.MultiHeadAttention(2, 3, output_shape=5, name="it")(x, x[:, :1]))
    for kernel in ("query_dense/kernel", "key_dense/kernel", "value_dense/kernel"):
        assert axis_of(graph, "it", kernel, 0) == (FIRST, "consumes")
    assert axis_of(graph, "it", "output_dense/kernel", 2) == ([6, 7, 8, 9, 10], "produces")


def test_einsum_dense_is_read_from_its_equation() -> None:
    graph = graph_of(lambda x: layers.EinsumDense("abcx,xyz->abcyz", (4, 4, 3, 2), bias_axes="yz", name="it")(x))
    assert axis_of(graph, "it", "kernel", 0) == (FIRST, "consumes")
    assert axis_of(graph, "it", "kernel", 2) == ([6, 7], "produces")
    assert axis_of(graph, "it", "bias", 1) == ([6, 7], "produces")


def test_instance_norm_keeps_channels_apart() -> None:
    graph = graph_of(lambda x: layers.GroupNormalization(-1, name="norm")(x))
    assert axis_of(graph, "norm", "gamma") == (FIRST, "carries")


def test_embeddings_are_made_from_numbers() -> None:
    inputs = keras.Input((7,), dtype="int32")
    x = layers.Embedding(10, 3, name="words")(inputs)
    graph = analyze(keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x))))
    assert axis_of(graph, "words", "embeddings", 1) == ([0, 1, 2], "produces")
    assert tensor(graph, "words/0/0") == [0, 1, 2]


def test_padding_beside_the_channels_stays() -> None:
    graph = graph_of(lambda x: ops.pad(x, [[0, 0], [0, 0], [0, 0], [1, 2]]))
    assert tensor(graph, "end/0/0") == [FROZEN, *FIRST, FROZEN, FROZEN] * 16


def test_each_output_freezes_what_it_shows() -> None:
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(6, 1, name="first")(inputs)
    y = layers.Conv2D(2, 1, name="second")(x)
    graph = analyze(keras.Model(inputs, [layers.ReLU()(x), y]))
    assert graph.groups == ()
    assert graph.frozen == {"first": "they are the model's output", "second": "they are the model's output"}
