"""Nothing may read a removable channel but what the graph says: then, unread, it can hold anything.

With the consumers' slices of some channels at zero, everything that makes or carries those channels is filled with
noise: the outputs must stay what they were. Pruning removes just what this test makes irrelevant.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.calls import list_calls
from edgecomp.pruning.channel_graph import FROZEN, ChannelGraph
from edgecomp.pruning.flatten import flatten

APPLICATIONS = sorted(name for name in dir(keras.applications) if name[0].isupper())
FAST = {"MobileNetV2": 32, "EfficientNetB0": 32, "MobileNetV3Small": 32}


def variable(model: keras.Model, layer: str, path: str) -> Any:
    """A layer's variable, by the attributes that lead to it."""
    return reduce(getattr, path.split("/"), model.get_layer(layer))


def shake(model: keras.Model, seed: int) -> None:
    """Weights as of a trained network: no zeros, no ones, variances above 0."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "float" in str(weight.dtype):
            value = np.asarray(weight)
            noise = random.normal(0, 0.1, value.shape)
            weight.assign(np.abs(value) + 0.5 + np.abs(noise) if "variance" in weight.path else value + noise)


def change(model: keras.Model, graph: ChannelGraph, removed: np.ndarray, roles: set[str], random: Any) -> None:
    """Zeros (or noise, given a generator) at every index of the removed channels along the axes of some roles."""
    for one in graph.axes:
        if one.role in roles:
            weight = variable(model, one.layer, one.variable)
            value = np.moveaxis(np.array(weight), one.axis, 0)
            hit = np.isin(one.channels, removed)
            value[hit] = 0 if random is None else random.uniform(0.5, 2, value[hit].shape)
            weight.assign(np.moveaxis(value, 0, one.axis))


def check_consistent(model: keras.Model, graph: ChannelGraph) -> None:
    grouped = [channel for group in graph.groups for channel in group.channels]
    assert sorted(grouped) == list(range(len(grouped)))
    assert all(group.producers for group in graph.groups)
    for call in list_calls(model):
        for name, tensor in zip(call.output_names(), call.outputs, strict=True):
            assert graph.tensors[name].size == (tensor.shape[-1] if len(tensor.shape) > 1 else 0)
    for one in graph.axes:
        assert one.channels.size == variable(model, one.layer, one.variable).shape[one.axis]
    for channels in (*graph.tensors.values(), *(one.channels for one in graph.axes)):
        assert channels.dtype == np.int64
        assert ((channels >= FROZEN) & (channels < len(grouped))).all()
    for tensor in (*model.inputs, *model.outputs):
        history = tensor._keras_history
        assert (graph.tensors[f"{history.operation.name}/{history.node_index}/{history.tensor_index}"] == FROZEN).all()


def check_unread(model: keras.Model, graph: ChannelGraph, share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    removed = np.array(
        [one for group in graph.groups for one in random.permutation(group.channels)[1:] if random.random() < share]
    )
    inputs = [
        random.integers(0, 5, (2, *tensor.shape[1:]))
        if "int" in tensor.dtype
        else random.random((2, *tensor.shape[1:]))
        for tensor in model.inputs
    ]
    change(model, graph, removed, {"consumes"}, None)
    before = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0]))
    change(model, graph, removed, {"produces", "carries"}, random)
    change(model, graph, removed, {"consumes"}, None)
    after = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0]))
    for one, other in zip(before, after, strict=True):
        scale = np.abs(np.asarray(one)).max()
        assert np.isfinite(scale)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6 * scale + 1e-9)


def application(name: str, size: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    return getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), include_top=False, pooling="avg"
    )


@pytest.mark.parametrize("name", sorted(FAST))
def test_no_family_reads_a_removable_channel_unseen(name: str) -> None:
    check_application(name, FAST[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - set(FAST)))
def test_every_application_is_followed(name: str) -> None:
    check_application(name, 75 if "ception" in name else 32)


def check_application(name: str, size: int) -> None:
    model = flatten(application(name, size))
    started = time.process_time()
    graph = analyze(model)
    assert time.process_time() - started < 4
    shake(model, 0)
    check_consistent(model, graph)
    assert not [reason for reason in graph.frozen.values() if "not known" in reason]
    assert sum(len(group.channels) for group in graph.groups) > 1000
    check_unread(model, graph, 0.5, 0)


Block = Callable[[Any, int], Any]


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape[1:])


def _residual(x: Any, width: int) -> Any:
    y = layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")(x)
    return layers.Activation("relu")(layers.Add()([x, layers.Conv2D(x.shape[-1], 1)(y)]))


def _squeeze_excite(x: Any, width: int) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(2, 1, activation="relu")(gate)
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(gate)])


def _dense_gate(x: Any, width: int) -> Any:
    gate = layers.Dense(x.shape[-1], activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    return x * layers.Reshape((1, 1, x.shape[-1]))(gate)


def _spatial_gate(x: Any, width: int) -> Any:
    return layers.Multiply()([x, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)])


def _branches(x: Any, width: int) -> Any:
    left, right = layers.Conv2D(width, 1)(x), layers.MaxPooling2D(2, 1, padding="same")(x)
    return layers.Concatenate()([left, right])


def _shuffled_halves(x: Any, width: int) -> Any:
    y = layers.Conv2D(6, 1)(x)
    return layers.Concatenate()([layers.Conv2D(width, 1)(y[..., :2]), y[..., 2:]])


def _split(x: Any, width: int) -> Any:
    a, b, c = keras.ops.split(layers.Conv2D(6, 1)(x), 3, axis=-1)
    return layers.Concatenate()([a, c, layers.Conv2D(width, 1)(b)])


def _shared(x: Any, width: int) -> Any:
    shared = layers.Conv2D(width, 1, activation="relu")
    other = layers.Conv2D(x.shape[-1], 1)(x)
    return layers.Maximum()([shared(x), shared(other)])


def _through_units(x: Any, width: int) -> Any:
    y = layers.Dense(9 * 4)(layers.Flatten()(layers.Conv2D(width, 1, strides=2)(x)))
    return layers.UpSampling2D(2)(layers.Reshape((3, 3, 4))(y))[:, :5, :5]


def _grouped(groups: int, filters: int) -> Block:
    return lambda x, width: layers.Conv2D(filters, 3, padding="same", groups=groups)(
        layers.Conv2D(8, 1, activation="relu")(x)
    )


def _layer_norm(x: Any, width: int) -> Any:
    y = layers.LayerNormalization()(x)
    y = layers.Dense(2 * width, activation="gelu")(y)
    return layers.Add()([x, layers.Dense(x.shape[-1])(y)])


def _attention(x: Any, width: int) -> Any:
    y = layers.Reshape((-1, x.shape[-1]))(x)
    y = layers.MultiHeadAttention(2, 3)(y, y)
    return layers.Reshape(_shape(x))(y)


def _recurrence(make: Callable[[int], Any]) -> Block:
    def block(x: Any, width: int) -> Any:
        y = layers.Reshape((5, -1))(x)
        y = make(width)(y)
        return layers.Reshape((5, 1, -1))(y)

    return block


def _pixel_shuffle(x: Any, width: int) -> Any:
    return keras.ops.nn.depth_to_space(layers.Conv2D(4 * width, 1)(x), 2)[:, :5, :5]


def _channel_shuffle(x: Any, width: int) -> Any:
    y = layers.Conv2D(2 * width, 1)(x)
    y = layers.Permute((1, 2, 4, 3))(layers.Reshape((5, 5, 2, width))(y))
    return layers.Reshape((5, 5, 2 * width))(y)


def _channels_first(x: Any, width: int) -> Any:
    y = layers.Dense(2 * width)(layers.Flatten()(layers.Permute((3, 1, 2))(x)))
    return layers.Add()([layers.Reshape((1, 1, 2 * width))(y), layers.Conv2D(2 * width, 1)(x)])


def _channel_pad(x: Any, width: int) -> Any:
    y = keras.ops.pad(layers.Conv2D(width, 1)(x), [[0, 0], [0, 0], [0, 0], [1, 2]])
    return y + layers.Conv2D(width + 3, 3, padding="same")(x)


BLOCKS: dict[str, Block] = {
    "convolution": lambda x, width: layers.Conv2D(width, 3, padding="same", activation="relu")(x),
    "batch norm": lambda x, width: layers.BatchNormalization()(layers.Conv2D(width, 1, use_bias=False)(x)),
    "depthwise": lambda x, width: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x),
    "separable": lambda x, width: layers.SeparableConv2D(width, 3, padding="same", depth_multiplier=2)(x),
    "transposed": lambda x, width: layers.Conv2DTranspose(width, 3, padding="same")(x),
    "prelu": lambda x, width: layers.PReLU(shared_axes=(1, 2))(x),
    "prelu everywhere": lambda x, width: layers.PReLU()(x),
    "padding": lambda x, width: layers.Cropping2D(1)(layers.ZeroPadding2D(1)(x)),
    "instance norm": lambda x, width: layers.GroupNormalization(-1)(x),
    "group norm": lambda x, width: layers.GroupNormalization(2)(layers.Conv2D(4, 1)(x)),
    "unit norm": lambda x, width: layers.UnitNormalization()(x),
    "softmax": lambda x, width: layers.Conv2D(width, 1, activation="softmax")(x),
    "channel mean": lambda x, width: x * keras.ops.sigmoid(keras.ops.mean(x, axis=-1, keepdims=True)),
    "space mean": lambda x, width: x + keras.ops.mean(x, axis=(1, 2), keepdims=True),
    "dense": lambda x, width: layers.Dense(width, activation="swish")(x),
    "einsum dense": lambda x, width: layers.EinsumDense("abcx,xy->abcy", (5, 5, width), bias_axes="y")(x),
    "permuted": lambda x, width: layers.Permute((2, 1, 3))(x),
    "time distributed": lambda x, width: layers.TimeDistributed(layers.Conv1D(width, 3, padding="same"))(x),
    "residual": _residual,
    "squeeze and excite": _squeeze_excite,
    "dense gate": _dense_gate,
    "spatial gate": _spatial_gate,
    "branches": _branches,
    "slices": _shuffled_halves,
    "split": _split,
    "shared": _shared,
    "through units": _through_units,
    "groups of two": _grouped(2, 6),
    "many groups": _grouped(4, 8),
    "layer norm": _layer_norm,
    "attention": _attention,
    "lstm": _recurrence(lambda width: layers.LSTM(width, return_sequences=True)),
    "gru": _recurrence(lambda width: layers.Bidirectional(layers.GRU(width, return_sequences=True))),
    "simple rnn": _recurrence(
        lambda width: layers.Bidirectional(layers.SimpleRNN(width, return_sequences=True), merge_mode="sum")
    ),
    "pixel shuffle": _pixel_shuffle,
    "channel shuffle": _channel_shuffle,
    "channels first": _channels_first,
    "channel padding": _channel_pad,
}


def network(names: list[str], widths: list[int], *, flat: bool) -> keras.Model:
    inputs = x = keras.Input((5, 5, 3))
    x = layers.Conv2D(4, 3, padding="same")(x)
    for name, width in zip(names, widths, strict=True):
        x = BLOCKS[name](x, width)
        if x.shape[2] == 1:
            x = layers.UpSampling2D((1, 5))(x)
    x = layers.Conv2D(3, 1)(x)
    x = layers.Flatten()(x) if flat else layers.GlobalMaxPooling2D()(x)
    return keras.Model(inputs, layers.Dense(2)(layers.Dense(5, activation="relu")(x)))


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_no_block_reads_a_removable_channel_unseen(name: str) -> None:
    model = network([name, "convolution", name], [4, 6, 3], flat=True)
    shake(model, 1)
    graph = analyze(model)
    check_consistent(model, graph)
    check_unread(model, graph, 0.4, 1)


@settings(max_examples=10)
@given(st.data())
def test_no_random_network_reads_a_removable_channel_unseen(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(BLOCKS)), min_size=1, max_size=5))
    widths = data.draw(st.lists(st.integers(2, 6), min_size=len(names), max_size=len(names)))
    model = network(names, widths, flat=data.draw(st.booleans()))
    shake(model, 2)
    graph = analyze(model)
    check_consistent(model, graph)
    check_unread(model, graph, data.draw(st.sampled_from([0.25, 0.5])), data.draw(st.integers(0, 99)))


def test_the_same_model_gives_the_same_graph() -> None:
    names = ["residual", "gru", "split", "groups of two"]
    one, other = (analyze(network(names, [4, 5, 6, 3], flat=True)) for _ in range(2))
    assert [group.channels for group in one.groups] == [group.channels for group in other.groups]
    assert [axis.channels.tolist() for axis in one.axes] == [axis.channels.tolist() for axis in other.axes]
