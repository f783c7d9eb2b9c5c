"""Channels killed in networks with branches, gates and parts: all and only those go, and the outputs stay."""

from __future__ import annotations

from typing import Any

import numpy as np
from killing import (
    assert_same_outputs,
    randomized,
    widths_of,
    zero_inputs,
    zero_weights,
)
from small_networks import SIZE, conv, head

from edgecomp.pruning.dead import remove_dead


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
