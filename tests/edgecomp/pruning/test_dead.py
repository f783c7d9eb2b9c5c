"""Channels killed in layers of every kind: all and only those go, and the outputs stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from killing import (
    assert_same_outputs,
    close_relu,
    widths_of,
    zero_candidate,
    zero_gamma,
    zero_inputs,
    zero_weights,
)
from small_networks import chain, conv, head

from edgecomp.errors import InputError
from edgecomp.pruning.dead import remove_dead


def test_healthy_network_loses_nothing() -> None:
    from keras import layers

    model = chain(conv("a", 8), layers.BatchNormalization(), layers.ReLU(), conv("b", 8), layers.ReLU(6.0), *head())
    same, rounds = remove_dead(model, input_range={"photo": (0.0, 1.0)})
    assert same is model
    assert rounds == ()


def test_gamma_of_zero_before_a_relu_with_negative_beta() -> None:
    from keras import layers

    model = chain(conv("a", 8), layers.BatchNormalization(name="norm"), layers.ReLU(name="relu"), conv("b", 4), *head())
    zero_gamma(model, "norm", {1: -0.5, 4: -0.1})
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [6, 4]
    assert [(one.layer, one.reason, one.channels) for one in dead.layers] == [("norm", "gamma is zero", (1, 4))]
    assert not dead.biases
    assert_same_outputs(model, smaller)


def test_constant_goes_into_the_readers_bias_where_there_is_no_padding() -> None:
    from keras import layers

    model = chain(
        conv("a", 8),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        conv("b", 4, padding="valid", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        *head(),
    )
    zero_gamma(model, "norm", {1: 0.7, 4: -0.1, 5: 2.0})
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [5, 4]
    assert list(dead.biases) == ["b"]
    assert smaller.get_layer("b").use_bias
    assert not model.get_layer("b").use_bias
    assert_same_outputs(model, smaller)


@pytest.mark.parametrize(
    ("size", "options", "kept"),
    [
        (1, {}, 5),
        (1, {"strides": 2}, 5),
        (3, {"padding": "valid"}, 5),
        (3, {}, 6),
        (3, {"padding": "valid", "groups": 1, "dilation_rate": 2}, 5),
        (2, {"strides": 2}, 5),
        (3, {"strides": 3}, 5),
    ],
)
def test_a_constant_before_padding_stays(size: int, options: dict[str, Any], kept: int) -> None:
    """Channel 1 is 0.7 and can go only where the reader sees no border; channels 4 and 5 are 0 and always go."""
    from keras import layers

    model = chain(
        conv("a", 8), layers.BatchNormalization(name="norm"), layers.ReLU(), conv("b", 4, size, **options), *head()
    )
    zero_gamma(model, "norm", {1: 0.7, 4: -0.1, 5: 0.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [kept, 4]
    assert_same_outputs(model, smaller)


def test_explicit_padding_counts_as_a_border() -> None:
    from keras import layers

    model = chain(
        conv("a", 8),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        layers.ZeroPadding2D(1),
        conv("b", 4, padding="valid"),
        *head(),
    )
    zero_gamma(model, "norm", {2: 1.0, 3: 0.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [7, 4]
    assert_same_outputs(model, smaller)


def test_weights_of_zero() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 6, 1, activation="relu"), *head())
    zero_weights(model, "a", {0: 0.4, 7: -1.0})
    zero_weights(model, "b", {2: 0.0})
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [6, 5]
    assert {(one.layer, one.reason) for one in dead.layers} == {("a", "weights are zero"), ("b", "weights are zero")}
    assert_same_outputs(model, smaller)


def test_weights_below_the_smallest_normal_float_are_zero() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 6, 1), *head())
    zero_weights(model, "a", {3: 0.5}, instead=1e-39)
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a") == [7]
    assert_same_outputs(model, smaller)


def test_relu_that_never_opens_needs_the_inputs_range() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    close_relu(model, "a", [1, 2], highest_input=255.0)
    assert remove_dead(model)[1] == ()
    assert remove_dead(model, input_range={"photo": (0, 300)})[1] == ()
    smaller, (dead,) = remove_dead(model, input_range={"photo": (0, 255)})
    assert widths_of(smaller, "a") == [6]
    assert [(one.layer, one.reason) for one in dead.layers] == [("a", "never opens")]
    assert_same_outputs(model, smaller, low=0, high=255)


def test_range_of_each_input_channel() -> None:
    model = chain(conv("a", 2, 1, activation="relu"), conv("b", 4), *head())
    kernel = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 1.0]], np.float32).reshape(1, 1, 3, 2)
    model.get_layer("a").set_weights([kernel, np.array([-1.0, -1.0], np.float32)])
    highest = np.array([1.0, 5.0, 1.0])
    smaller, _ = remove_dead(model, input_range={"photo": (np.zeros(3), highest)})
    assert widths_of(smaller, "a") == [1]


def test_relu6_that_is_always_full() -> None:
    from keras import layers

    model = chain(conv("a", 8, 1), layers.ReLU(6.0), conv("b", 4, 1), *head())
    kernel, bias = model.get_layer("a").get_weights()
    bias[5] = 6.0 + np.abs(kernel[..., 5]).sum()
    model.get_layer("a").set_weights([kernel, bias])
    smaller, (dead,) = remove_dead(model, input_range={"photo": (-1, 1)})
    assert widths_of(smaller, "a") == [7]
    assert dead.layers[0].reason == "never changes"
    assert_same_outputs(model, smaller)


def test_through_a_depthwise_convolution() -> None:
    """A depthwise kernel of zeros kills, and what it pads is constant no more unless it is 0."""
    from keras import layers

    model = chain(
        conv("a", 8, activation="relu"),
        layers.DepthwiseConv2D(3, padding="same", name="each", activation="relu6"),
        conv("b", 4, 1),
        *head(),
    )
    zero_weights(model, "a", {0: 0.0, 1: 0.9})
    kernel, bias = model.get_layer("each").get_weights()
    kernel[:, :, 5], bias[5] = 0.0, 1.5
    bias[0] = 0.25
    model.get_layer("each").set_weights([kernel, bias])
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [6, 4]
    assert {(one.layer, one.reason, len(one.channels)) for one in dead.layers} == {
        ("a", "weights are zero", 1),
        ("each", "weights are zero", 1),
    }
    assert_same_outputs(model, smaller)


def test_depth_multiplier_keeps_a_channel_that_has_one_live_output() -> None:
    from keras import layers

    each = layers.DepthwiseConv2D(3, padding="same", name="each", depth_multiplier=2)
    model = chain(conv("a", 6, activation="relu"), each, conv("b", 4, 1), *head())
    kernel, bias = each.get_weights()
    kernel[:, :, 2, :] = 0.0
    kernel[:, :, 4, 1] = 0.0
    each.set_weights([kernel, bias])
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a") == [5]
    assert_same_outputs(model, smaller)


def test_through_flatten_into_a_dense_layer() -> None:
    from keras import layers

    model = chain(
        conv("a", 8, activation="relu"),
        layers.AveragePooling2D(3, padding="same"),
        layers.Flatten(),
        layers.Dense(6, activation="relu", use_bias=False, name="hidden"),
        layers.Dense(3),
    )
    zero_weights(model, "a", {2: 0.5, 6: -1.0})
    zero_weights(model, "hidden", {3: 0.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "hidden") == [6, 5]
    assert_same_outputs(model, smaller)


def test_channels_that_nothing_reads() -> None:
    from keras import layers

    model = chain(conv("a", 8), layers.BatchNormalization(), layers.ReLU(), conv("b", 4), *head())
    zero_inputs(model, "b", [0, 6])
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [6, 4]
    assert [(one.layer, one.reason) for one in dead.layers] == [("a", "no weights read them")]
    assert_same_outputs(model, smaller)


def test_what_is_found_makes_more_dead() -> None:
    """Without channel 2 of b, nothing reads channel 0 of a any more."""
    model = chain(conv("a", 4, activation="relu"), conv("b", 4, activation="relu"), conv("c", 4), *head())
    kernel, bias = model.get_layer("b").get_weights()
    kernel[:, :, 0, :2] = kernel[:, :, 0, 3:] = 0.0
    model.get_layer("b").set_weights([kernel, bias])
    zero_inputs(model, "c", [2])
    smaller, rounds = remove_dead(model)
    assert [len(one.channels) for one in rounds] == [1, 1]
    assert widths_of(smaller, "a", "b", "c") == [3, 3, 4]
    assert_same_outputs(model, smaller)


def test_one_channel_of_a_dead_layer_stays() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    zero_weights(model, "a", dict.fromkeys(range(8), 0.0))
    smaller, rounds = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [1, 1]  # as its input is constant, so is b
    assert len(rounds) == 1
    assert_same_outputs(model, smaller)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_recurrent_units_without_a_candidate(kind: str) -> None:
    from keras import layers

    make: Callable[..., Any] = getattr(layers, kind)
    model = chain(make(6, return_sequences=True, name="first"), make(4, name="second"), layers.Dense(2), shape=(7, 3))
    zero_candidate(model, "first", [1, 4])
    smaller, _ = remove_dead(model)
    assert smaller.get_layer("first").units == 4
    assert smaller.get_layer("second").units == 4
    assert_same_outputs(model, smaller)


def test_recurrent_units_that_only_their_own_layer_reads_stay() -> None:
    from keras import layers

    model = chain(layers.GRU(6, name="first"), layers.Dense(4, name="second"), shape=(7, 3))
    zero_inputs(model, "second", [1, 4])
    assert remove_dead(model)[1] == ()


def test_a_constant_before_a_transposed_convolution() -> None:
    """Output 2 is made of a constant, which some of its positions see through more taps than others."""
    from keras import layers

    back = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="back")
    model = chain(conv("a", 5, 1), back, conv("b", 4, 1), *head())
    zero_weights(model, "a", {1: 0.5, 3: 0.0})
    kernel = np.array(back.kernel)
    kernel[:, :, 2, [0, 2, 3, 4]] = 0.0
    back.kernel.assign(kernel)
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "back", "b") == [4, 4, 4]
    assert_same_outputs(model, smaller)


def test_grouped_and_separable_readers_take_constants() -> None:
    from keras import layers

    model = chain(
        conv("a", 8, 1),
        conv("b", 8, 1, groups=2),
        layers.SeparableConv2D(6, 3, name="c", use_bias=False),
        *head(),
    )
    zero_weights(model, "a", {1: 0.5, 5: -0.25})
    zero_weights(model, "b", {2: 1.5, 6: 0.5})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "b", "c") == [6, 6, 6]
    assert_same_outputs(model, smaller)


def test_a_range_for_an_input_that_is_not_there() -> None:
    model = chain(conv("a", 8), conv("b", 4), *head())
    with pytest.raises(InputError, match="picture"):
        remove_dead(model, input_range={"picture": (0, 1)})
    with pytest.raises(InputError, match="photo"):
        remove_dead(model, input_range={"photo": (1, 0)})
