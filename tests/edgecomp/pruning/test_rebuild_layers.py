"""What becomes of each kind of layer when some of its channels go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops
from pruning_oracle import (
    check_cut,
    difference,
    outputs_of,
    outputs_with_readers_zeroed,
    randomize,
    samples_for,
    share_of,
)

from edgecomp.errors import InputError
from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.rebuild import remove_channels

Part = Callable[[Any], Any]


def _image(part: Part) -> Any:
    """A convolution, the part in question, and layers that read what it gives."""
    given = keras.Input((6, 5, 3))
    value = part(layers.Conv2D(8, 3, padding="same", activation="tanh", name="before")(given))
    return _random(keras.Model(given, layers.Conv2D(2, 1, name="after")(value)))


def _sequence(part: Part) -> Any:
    given = keras.Input((7, 4))
    value = part(layers.Conv1D(8, 1, activation="tanh", name="before")(given))
    return _random(keras.Model(given, layers.Dense(2, name="after")(value)))


def _random(model: Any) -> Any:
    randomize(model)
    return model


def _cut(model: Any, removed: dict[str, list[int]]) -> Any:
    """Removes output channels of layers by their position, sees that the oracle agrees, and saves and loads."""
    graph = analyze(model)
    channels = {int(channel) for name, places in removed.items() for channel in graph.tensors[f"{name}/0/0"][places]}
    samples = samples_for(model)
    smaller = remove_channels(model, graph, channels)
    expected = outputs_with_readers_zeroed(model, graph, channels, samples)
    assert difference(expected, outputs_of(smaller, samples)) < 1e-5
    assert difference(outputs_of(model, samples), expected) > 1e-3
    return smaller


IMAGE_PARTS: dict[str, Part] = {
    "depthwise with a multiplier": layers.DepthwiseConv2D(3, depth_multiplier=2),
    "separable": layers.SeparableConv2D(6, 3, depth_multiplier=2),
    "transposed": layers.Conv2DTranspose(6, 3, strides=2),
    "few large groups": layers.Conv2D(12, 3, groups=2),
    "many small groups": layers.Conv2D(16, 3, groups=4),
    "instance normalization": layers.GroupNormalization(groups=8),
    "PReLU": layers.PReLU(),
    "a slice": lambda value: value[:, 1:, :, 2:7],
    "a slice counted from behind": lambda value: value[..., -5:-1],
    "a slice with steps": lambda value: layers.Concatenate()([value[..., ::3], layers.Conv2D(4, 1)(value)]),
    "a slice of another axis": lambda value: value[:, 1:4],
    "a new axis": lambda value: ops.squeeze(value[:, None], 1),
    "split in halves": lambda value: ops.multiply(*ops.split(value, 2, axis=-1)),
    "split in places": lambda value: layers.Concatenate()(ops.split(value, [1, 4], axis=-1)[1:]),
    "split along another axis": lambda value: ops.add(*ops.split(value, 2, axis=1)),
    "a Reshape layer": lambda value: layers.Reshape((5, 6, 8))(value),
    "a reshape operation": lambda value: ops.reshape(value, (-1, 6, 5, 8)),
    "a Reshape that finds its size": lambda value: layers.Reshape((5, 6, -1))(value),
    "half the channels, twice the places": lambda value: layers.Reshape((12, 5, 4))(value),
    "a row made a photo": lambda value: layers.Reshape((3, 2, 4))(layers.Dense(24)(layers.Flatten()(value))),
    "attention": lambda value: layers.Reshape((6, 5, 8))(
        layers.MultiHeadAttention(2, 3)(*(layers.Reshape((30, 8))(one) for one in (value, layers.ReLU()(value))))
    ),
    "a shared layer": lambda value: (lambda layer: layer(layer(value)))(layers.Conv2D(8, 1)),
    "a network as a layer of its own": lambda value: keras.Sequential([layers.Conv2D(4, 1)])(value),
}

SEQUENCE_PARTS: dict[str, Part] = {
    "LSTM": layers.LSTM(6),
    "GRU": layers.GRU(6, return_sequences=True),
    "GRU of old": layers.GRU(6, reset_after=False),
    "cells": layers.RNN(layers.GRUCell(6)),
    "both directions": layers.Bidirectional(layers.LSTM(6)),
    "both directions added up": layers.Bidirectional(layers.GRU(6), merge_mode="sum"),
    "both directions apart": lambda value: ops.subtract(*layers.Bidirectional(layers.GRU(6), merge_mode=None)(value)),
    "every step": layers.TimeDistributed(layers.Dense(6)),
    "an equation": layers.EinsumDense("abc,cd->abd", (7, 6), bias_axes="d"),
    "repeated": lambda value: layers.RepeatVector(3)(layers.GlobalMaxPooling1D()(value)),
    "convolutional memory": lambda value: layers.ConvLSTM1D(4, 3)(layers.Reshape((7, 4, 2))(value)),
}


@pytest.mark.parametrize("name", IMAGE_PARTS)
def test_photos(name: str, tmp_path: Path) -> None:
    _check_and_save(_image(_anew(IMAGE_PARTS[name])), tmp_path)


@pytest.mark.parametrize("name", SEQUENCE_PARTS)
def test_sequences(name: str, tmp_path: Path) -> None:
    _check_and_save(_sequence(_anew(SEQUENCE_PARTS[name])), tmp_path)


def _anew(part: Part) -> Part:
    """A layer of this run only: layers know what they were called with."""
    return type(part).from_config(part.get_config()) if isinstance(part, layers.Layer) else part


def _check_and_save(model: Any, folder: Path) -> None:
    smaller = check_cut(model, 0.5)
    smaller.save(folder / "smaller.keras")
    loaded = keras.models.load_model(folder / "smaller.keras")
    samples = samples_for(smaller)
    assert difference(outputs_of(smaller, samples), outputs_of(loaded, samples)) == 0


def test_the_channels_that_were_asked_for_go() -> None:
    model = _image(layers.BatchNormalization(name="norm"))
    smaller = _cut(model, {"before": [0, 3, 7]})
    kernels = [one.get_layer("before").kernel.numpy() for one in (model, smaller)]
    np.testing.assert_array_equal(kernels[1], kernels[0][..., [1, 2, 4, 5, 6]])
    assert smaller.get_layer("before").filters == smaller.get_layer("norm").gamma.shape[0] == 5


def test_both_directions_of_a_bidirectional_lose_the_same_units() -> None:
    both = _cut(_sequence(layers.Bidirectional(layers.LSTM(4), name="both")), {"both": [0, 3]}).get_layer("both")
    assert (both.forward_layer.units, both.backward_layer.units) == (2, 2)


def test_whole_groups_of_a_convolution_go() -> None:
    smaller = _cut(_image(layers.Conv2D(8, 3, groups=4, name="grouped")), {"before": [0, 1]})
    grouped = smaller.get_layer("grouped")
    assert (grouped.groups, grouped.filters, grouped.kernel.shape[2]) == (3, 6, 2)


def test_a_slice_takes_what_is_left_of_its_channels() -> None:
    smaller = _cut(_image(lambda value: value[:, 1:, :, 2:7]), {"before": [0, 3, 4]})
    key = smaller.get_layer("after").input._keras_history.operation._inbound_nodes[0].arguments.args[1]
    assert key == (slice(None), slice(1, None), slice(None), slice(1, 4))


def test_layers_called_twice_are_made_once() -> None:
    given = keras.Input((6,))
    first, second = layers.Dense(8, name="first", activation="tanh"), layers.Dense(6, name="second")
    twice = second(first(second(first(given))))
    smaller = _cut(_random(keras.Model(given, layers.Dense(2)(twice))), {"first": [2, 4]})
    assert len(smaller.get_layer("first")._inbound_nodes) == 2


def test_several_inputs_and_outputs_in_dictionaries() -> None:
    given = {"a": keras.Input((6,), name="a"), "b": keras.Input((4,), name="b")}
    hidden = layers.Add()([layers.Dense(8, name="left")(given["a"]), layers.Dense(8, name="right")(given["b"])])
    model = _random(
        keras.Model(given, {"y": layers.Dense(2, name="y")(hidden), "z": layers.Dense(3, name="z")(hidden)})
    )
    smaller = remove_channels(model, analyze(model), share_of(analyze(model), 0.5))
    feeds = {"a": np.ones((1, 6), "float32"), "b": np.ones((1, 4), "float32")}
    assert {name: one.shape for name, one in smaller(feeds).items()} == {"y": (1, 2), "z": (1, 3)}
    assert smaller.get_layer("left").units == smaller.get_layer("right").units == 4


def test_flags_policies_and_names_are_kept() -> None:
    model = _image(layers.BatchNormalization(name="norm", dtype="mixed_bfloat16"))
    model.get_layer("norm").trainable = False
    smaller = remove_channels(model, analyze(model), [0])
    assert (smaller.name, [one.name for one in smaller.layers]) == (model.name, [one.name for one in model.layers])
    assert smaller.get_layer("norm").dtype_policy.name == "mixed_bfloat16"
    assert [one.trainable for one in smaller.layers] == [True, True, False, True]


def test_the_old_model_stays_as_it_is() -> None:
    model = _image(layers.BatchNormalization())
    before, calls = model.get_weights(), [len(one._inbound_nodes) for one in model.operations]
    smaller = remove_channels(model, analyze(model), [0, 1])
    for variable in smaller.weights:
        variable.assign(np.zeros(variable.shape))
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    assert calls == [len(one._inbound_nodes) for one in model.operations]


def test_nothing_removed_is_a_copy() -> None:
    model = _image(layers.LayerNormalization())
    samples = samples_for(model)
    copied = remove_channels(model, analyze(model), [])
    assert difference(outputs_of(model, samples), outputs_of(copied, samples)) == 0
    assert not {id(one) for one in model.weights} & {id(one) for one in copied.weights}


def test_cutting_a_cut_model() -> None:
    model = _image(layers.SeparableConv2D(8, 3))
    for width in (6, 4, 3):
        smaller = check_cut(model, 1 - width / model.get_layer("before").filters)
        assert smaller.get_layer("before").filters == width
        model = smaller


def test_the_oracle_tells_other_channels_apart() -> None:
    model = _image(layers.DepthwiseConv2D(3))
    graph, samples = analyze(model), samples_for(model)
    expected = outputs_with_readers_zeroed(model, graph, [0, 1], samples)
    assert difference(expected, outputs_of(remove_channels(model, graph, [0, 2]), samples)) > 1e-3


def test_a_group_keeps_a_channel() -> None:
    model = _image(layers.ReLU())
    with pytest.raises(InputError, match="before would be left"):
        remove_channels(model, analyze(model), range(8))


def test_channels_that_are_not_there() -> None:
    model = _image(layers.ReLU())
    with pytest.raises(InputError, match="99"):
        remove_channels(model, analyze(model), [1, 99])
