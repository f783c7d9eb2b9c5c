"""Channels killed in known networks: all and only those go, and the outputs stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from killing import (
    assert_same_outputs,
    close_relu,
    randomized,
    widths_of,
    zero_candidate,
    zero_gamma,
    zero_inputs,
    zero_weights,
)
from pruning_oracle import outputs_of

from edgecomp.errors import InputError
from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.dead import find_dead, remove_dead, without
from edgecomp.pruning.silent import find_silent

SIZE = 12


def chain(*layers: Any, shape: tuple[int, ...] = (SIZE, SIZE, 3)) -> Any:
    """A functional network of layers in a row, with random weights."""
    import keras

    inputs = value = keras.Input(shape, name="photo")
    for layer in layers:
        value = layer(value)
    return randomized(keras.Model(inputs, value))


def conv(name: str, filters: int, size: int = 3, **options: Any) -> Any:
    """A convolution that pads like most do."""
    from keras import layers

    return layers.Conv2D(filters, size, **{"padding": "same", **options}, name=name)


def head() -> list[Any]:
    """Global pooling and a small classifier."""
    from keras import layers

    return [layers.GlobalAveragePooling2D(), layers.Dense(3, name="answer")]


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


def test_one_dead_branch_of_an_add_keeps_the_channel() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((SIZE, SIZE, 3))
    left = conv("left", 8, activation="relu")(inputs)
    right = conv("right", 8, activation="relu")(inputs)
    value = conv("after", 4)(layers.Add()([left, right]))
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    zero_weights(model, "left", {0: 0.0, 1: 0.0, 2: 0.0})
    zero_weights(model, "right", {1: 0.0, 2: -3.0, 5: 0.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "left", "right", "after") == [6, 6, 4]
    assert_same_outputs(model, smaller)


def test_each_branch_of_an_add_has_its_own_constant() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((SIZE, SIZE, 3))
    left = conv("left", 8, 1)(inputs)
    right = conv("right", 8, 1)(inputs)
    joined = layers.Add()([left, right])
    value = layers.Add()([conv("after", 4, 1)(joined), conv("beside", 4, 1)(right)])
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    zero_weights(model, "left", {1: 0.3})
    zero_weights(model, "right", {1: -0.8})
    smaller, (dead,) = remove_dead(model)
    assert widths_of(smaller, "left", "right") == [7, 7]
    assert sorted(dead.biases) == ["after", "beside"]
    assert_same_outputs(model, smaller)


def test_branches_that_are_joined_are_told_apart() -> None:
    import keras
    from keras import layers

    inputs = keras.Input((SIZE, SIZE, 3))
    left = conv("left", 5, activation="relu")(inputs)
    right = conv("right", 8, activation="relu")(inputs)
    value = conv("after", 4, 1)(layers.Concatenate()([left, layers.MaxPooling2D(3, 1, padding="same")(right)]))
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    zero_weights(model, "left", {4: 0.6})
    zero_weights(model, "right", {0: 0.9, 3: -1.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "left", "right", "after") == [4, 6, 4]
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


def squeeze_excite() -> Any:
    """A convolution whose channels are gated by a small network that sees their means."""
    import keras
    from keras import layers

    inputs = keras.Input((SIZE, SIZE, 3))
    value = conv("a", 8, activation="relu")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(value)
    gate = conv("squeeze", 4, 1, activation="relu")(gate)
    gate = conv("excite", 8, 1, activation="hard_sigmoid")(gate)
    value = conv("b", 4)(layers.Multiply()([value, gate]))
    for layer in head():
        value = layer(value)
    return randomized(keras.Model(inputs, value))


def test_squeeze_and_excite_loses_what_is_dead_before_the_gate() -> None:
    model = squeeze_excite()
    zero_weights(model, "a", {1: 0.0, 7: -0.3, 2: 0.8})
    zero_weights(model, "squeeze", {0: 0.4})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "squeeze", "excite", "b") == [6, 3, 6, 4]
    assert_same_outputs(model, smaller)


def test_a_gate_of_zero_kills_what_the_squeeze_does_not_read() -> None:
    """Channel 3 is shut by its gate and read by nobody else; channel 5 is shut, too, but its mean is read."""
    model = squeeze_excite()
    zero_weights(model, "excite", {3: -50.0, 5: -50.0})
    zero_inputs(model, "squeeze", [3])
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "squeeze", "excite", "b") == [7, 4, 7, 4]
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


def test_shared_layer_keeps_what_its_calls_see_differently() -> None:
    """Both branches are constant, but the one bias of the layer that reads them cannot hold two constants."""
    import keras
    from keras import layers

    shared = conv("shared", 4, 1)
    inputs = keras.Input((SIZE, SIZE, 3))
    left, right = shared(conv("left", 6, 1)(inputs)), shared(conv("right", 6, 1)(inputs))
    value = layers.Concatenate()([left, right])
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    zero_weights(model, "left", {0: 0.5, 1: 0.5, 2: 0.0})
    zero_weights(model, "right", {0: 0.5, 1: 0.6, 2: 0.0})
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "left", "right", "shared") == [4, 4, 4]
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


def test_nested_networks_are_opened() -> None:
    import keras

    block = keras.Sequential([keras.Input((SIZE, SIZE, 3)), conv("a", 8, activation="relu")], name="block")
    inputs = keras.Input((SIZE, SIZE, 3))
    value = conv("b", 4)(block(inputs))
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    kernel, bias = block.get_layer("a").get_weights()
    kernel[..., 3], bias[3] = 0.0, 0.0
    block.get_layer("a").set_weights([kernel, bias])
    smaller, _ = remove_dead(model)
    assert widths_of(smaller, "a", "b") == [7, 4]
    assert_same_outputs(model, smaller)


def test_mobile_network_that_is_mostly_dead_shrinks() -> None:
    """As weight decay leaves them: tiny depthwise weights and gammas, and betas that are not."""
    import keras
    from keras import layers

    inputs = value = keras.Input((32, 32, 3), name="photo")
    value = layers.ReLU()(layers.BatchNormalization()(conv("stem", 8, strides=2, use_bias=False)(value)))
    for index, (filters, strides) in enumerate([(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)]):
        each = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False, name=f"each{index}")
        value = layers.ReLU()(layers.BatchNormalization(name=f"each_norm{index}")(each(value)))
        value = conv(f"mix{index}", filters, 1, use_bias=False)(value)
        value = layers.ReLU()(layers.BatchNormalization(name=f"mix_norm{index}")(value))
    for layer in head():
        value = layer(value)
    model = randomized(keras.Model(inputs, value))
    rng = np.random.default_rng(0)
    for index in range(1, 7):
        width = model.get_layer(f"each{index}").kernel.shape[2]
        kernel = model.get_layer(f"each{index}").get_weights()[0]
        doomed = rng.permutation(width)[: int(0.7 * width)]
        kernel[:, :, doomed] *= 1e-30
        model.get_layer(f"each{index}").set_weights([kernel])
    smaller, rounds = remove_dead(model, input_range={"photo": (-1.0, 1.0)})
    assert smaller.count_params() < model.count_params() / 2
    assert sum(len(one.channels) for one in rounds) > 200
    assert_same_outputs(model, smaller)


def test_silent_channels_are_not_dead() -> None:
    """A channel that opens for bright photos only."""
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    close_relu(model, "a", [1, 2], highest_input=0.5)
    dark = np.random.default_rng(1).uniform(0, 0.5, (40, SIZE, SIZE, 3)).astype(np.float32)
    graph = analyze(model)
    assert find_dead(model, graph, input_range={"photo": (0, 1)}).channels == ()
    silent = find_silent(model, graph, dark)
    assert silent.channels == (1, 2)
    smaller = without(model, graph, silent)
    assert widths_of(smaller, "a") == [6]
    np.testing.assert_allclose(outputs_of(smaller, [dark])[0], outputs_of(model, [dark])[0], atol=1e-5)
    bright = [np.full((1, SIZE, SIZE, 3), 2.0, np.float32)]
    assert np.abs(outputs_of(smaller, bright)[0] - outputs_of(model, bright)[0]).max() > 1e-3


def test_weights_that_round_to_zero_in_int8_are_an_option() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    kernel, bias = model.get_layer("b").get_weights()
    kernel[:, :, 3:5] = 0.0
    step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
    kernel[:, :, 3:5] = 0.49 * step
    kernel[0, 1, 4, 2] = 0.51 * step[2]
    model.get_layer("b").set_weights([kernel, bias])
    graph = analyze(model)
    assert find_dead(model, graph).channels == ()
    dead = find_dead(model, graph, quantized_zero=True)
    assert dead.channels == (3,)
    smaller = without(model, graph, dead)
    left = smaller.get_layer("b").get_weights()[0]
    np.testing.assert_array_equal(np.round(left / step), np.round(np.delete(kernel, 3, axis=2) / step))


def test_a_range_for_an_input_that_is_not_there() -> None:
    model = chain(conv("a", 8), conv("b", 4), *head())
    with pytest.raises(InputError, match="picture"):
        remove_dead(model, input_range={"picture": (0, 1)})
    with pytest.raises(InputError, match="photo"):
        remove_dead(model, input_range={"photo": (1, 0)})
