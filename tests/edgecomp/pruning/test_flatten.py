"""Nested networks become part of the network around them, which computes the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from pruning_oracle import check_cut, difference, outputs_of, randomize, samples_for

from edgecomp.errors import InputError
from edgecomp.pruning.flatten import flatten


def _flat_like(model: Any) -> Any:
    """The flat model, once it is seen to compute the same and to have nothing nested in it."""
    randomize(model)
    before = model.get_weights()
    flat = flatten(model)
    samples = samples_for(model)
    assert difference(outputs_of(model, samples), outputs_of(flat, samples)) == 0
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    assert flat.count_params() == model.count_params()
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    assert not {id(one) for one in flat.weights} & {id(one) for one in model.weights}
    return flat


def _body(name: str = "body") -> Any:
    given = keras.Input((8, 8, 3))
    value = layers.Conv2D(4, 3, name="conv")(given)
    return keras.Model(given, layers.BatchNormalization(name="norm")(value), name=name)


def test_a_flat_model_is_taken_as_it_is() -> None:
    model = _body()
    assert flatten(model) is model


def test_a_sequential_becomes_functional() -> None:
    flat = _flat_like(keras.Sequential([keras.Input((5,)), layers.Dense(4, name="a"), layers.Dense(2, name="b")]))
    assert [layer.name for layer in flat.layers[1:]] == ["a", "b"]
    assert not isinstance(flat, keras.Sequential)


def test_layers_added_one_by_one_to_a_sequential_are_called_once() -> None:
    model = keras.Sequential()
    for layer in (keras.Input((5,)), layers.Dense(4), layers.Dense(2)):
        model.add(layer)
    assert all(len(layer._inbound_nodes) == 1 for layer in _flat_like(model).layers)


def test_networks_in_networks_in_networks() -> None:
    given = keras.Input((8, 8, 3))
    head = keras.Sequential([layers.GlobalAveragePooling2D(), layers.Dense(3, name="dense")], name="head")
    middle_input = keras.Input((8, 8, 3))
    middle = keras.Model(middle_input, head(_body()(middle_input)), name="middle")
    flat = _flat_like(keras.Model(given, layers.Dense(2, name="last")(middle(given))))
    assert [layer.name for layer in flat.layers if layer.weights] == ["conv", "norm", "dense", "last"]


def test_a_network_called_twice_becomes_layers_called_twice() -> None:
    body = _body()
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    flat = _flat_like(keras.Model([left, right], layers.Subtract()([body(left), body(right)])))
    assert len(flat.get_layer("conv")._inbound_nodes) == 2


def test_a_layer_of_two_networks_stays_one_layer() -> None:
    shared = layers.Dense(6, name="shared")
    inner = keras.Sequential([keras.Input((6,)), shared], name="inner")
    given = keras.Input((6,))
    flat = _flat_like(keras.Model(given, inner(shared(given))))
    assert [layer.name for layer in flat.layers if layer.weights] == ["shared"]


def test_equal_names_are_told_apart() -> None:
    given = keras.Input((8, 8, 3))
    joined = layers.Concatenate()([_body("left")(given), _body("right")(given)])
    flat = _flat_like(keras.Model(given, layers.Conv2D(2, 1, name="conv")(joined)))
    assert [one.name for one in flat.layers if "conv" in one.name] == ["left_conv", "right_conv", "conv"]


def test_outputs_keep_their_names() -> None:
    given = keras.Input((8, 8, 3))
    body = _body()(given)
    head = keras.Sequential([keras.Input((6, 6, 4)), layers.Flatten(), layers.Dense(2, name="inside")], name="scores")
    model = keras.Model(given, {"classes": head(body), "mask": layers.Conv2D(1, 1, name="mask")(body)})
    flat = _flat_like(model)
    assert sorted(flat.output_names) == sorted(model.output_names) == ["mask", "scores"]
    assert flat(np.zeros((1, 8, 8, 3), "float32")).keys() == {"classes", "mask"}


def test_inputs_nested_in_a_dictionary_stay_so() -> None:
    given = {"photo": keras.Input((8, 8, 3), name="photo"), "row": keras.Input((4,), name="row")}
    inner = keras.Model(given, layers.Dense(3)(layers.Concatenate()([layers.Flatten()(given["photo"]), given["row"]])))
    outer = {"photo": keras.Input((8, 8, 3), name="photo"), "row": keras.Input((4,), name="row")}
    model = keras.Model(outer, inner({"row": outer["row"], "photo": outer["photo"]}))
    randomize(model)
    random = np.random.default_rng(0)
    feeds = {"photo": random.normal(size=(2, 8, 8, 3)), "row": random.normal(size=(2, 4))}
    np.testing.assert_array_equal(flatten(model)(feeds), model(feeds))


def test_inputs_are_turned_into_the_type_the_nested_network_was_made_for() -> None:
    given = keras.Input((8, 8, 3), dtype="uint8")
    flat = _flat_like(keras.Model(given, _body()(given)))
    assert [operation.name for operation in flat.operations][1] == "body_cast_1"


def test_a_nested_network_called_as_in_training_computes_as_in_training() -> None:
    """Keras itself lets a `training` given to the whole model prevail over the one in the nested call."""
    given = keras.Input((8, 8, 3))
    flat = _flat_like(keras.Model(given, _body()(given, training=True)))
    norm, sample = flat.get_layer("body"), np.ones((1, 8, 8, 3), "float32")
    before = norm.moving_mean.numpy()
    flat(sample, training=False)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), before)
    flat(sample)
    assert np.abs(norm.moving_mean.numpy() - before).max() > 0


def test_masks_reach_the_layers_of_nested_networks() -> None:
    words = keras.Input((6,), dtype="int32")
    inner = keras.Sequential([keras.Input((6, 4)), layers.LSTM(3)], name="inner")
    embedded = layers.Embedding(8, 4, mask_zero=True)(words)
    _flat_like(keras.Model(words, inner(embedded)))
    within = keras.Sequential([keras.Input((6,), dtype="int32"), layers.Embedding(8, 4, mask_zero=True), layers.GRU(3)])
    _flat_like(keras.Model(words, within(words)))


def test_flags_and_policies_are_kept() -> None:
    body = _body()
    body.trainable = False
    given = keras.Input((8, 8, 3))
    flat = _flat_like(keras.Model(given, layers.Conv2D(2, 1, name="head", dtype="mixed_bfloat16")(body(given))))
    assert [flat.get_layer(name).trainable for name in ("conv", "norm", "head")] == [False, False, True]
    assert flat.get_layer("head").dtype_policy.name == "mixed_bfloat16"


def test_a_normalization_keeps_what_it_has_learned() -> None:
    norm = layers.Normalization()
    norm.adapt(np.random.default_rng(0).normal(5, 3, (50, 4)))
    model = keras.Sequential([keras.Input((4,)), norm, layers.Dense(2)])
    samples = samples_for(model)
    assert difference(outputs_of(model, samples), outputs_of(flatten(model), samples)) == 0


def test_functions_of_the_user_are_taken_along() -> None:
    def squared(value: Any) -> Any:
        return value * value

    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation=squared), layers.Lambda(squared)])
    given = keras.Input((4,))
    _flat_like(keras.Model(given, inner(given)))


def test_a_network_within_a_wrapper_stays_there() -> None:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)])
    frames = keras.Input((5, 4))
    wrapped = layers.TimeDistributed(inner)(frames)
    around = keras.Sequential([keras.Input((5, 2)), layers.Dense(2)])
    model = keras.Model(frames, around(wrapped))
    randomize(model)
    samples = samples_for(model)
    assert difference(outputs_of(model, samples), outputs_of(flatten(model), samples)) == 0


def test_a_flat_model_can_be_saved(tmp_path: Path) -> None:
    given = keras.Input((8, 8, 3))
    flat = _flat_like(keras.Model(given, _body()(given)))
    flat.save(tmp_path / "flat.keras")
    samples = samples_for(flat)
    assert (
        difference(outputs_of(flat, samples), outputs_of(keras.models.load_model(tmp_path / "flat.keras"), samples))
        == 0
    )


def test_what_was_nested_can_be_cut() -> None:
    given = keras.Input((8, 8, 3))
    value = layers.GlobalAveragePooling2D()(_body()(given, training=False))
    model = keras.Model(given, layers.Dense(3)(value))
    randomize(model)
    assert check_cut(model, 0.5).get_layer("conv").filters == 2


class _Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def test_a_subclassed_model_is_refused() -> None:
    model = _Subclassed()
    model(np.zeros((1, 3), "float32"))
    with pytest.raises(InputError, match="functional API"):
        flatten(model)


def test_a_sequential_that_is_not_built_is_refused() -> None:
    with pytest.raises(InputError, match="not built"):
        flatten(keras.Sequential([layers.Dense(2)]))


class _Unconfigured(layers.Layer):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def call(self, inputs: Any) -> Any:
        return self.function(inputs)


def test_a_layer_that_cannot_be_made_anew_is_named() -> None:
    model = keras.Sequential([keras.Input((3,)), _Unconfigured(abs), layers.Dense(2)])
    with pytest.raises(InputError, match=r"unconfigured.*get_config"):
        flatten(model)
