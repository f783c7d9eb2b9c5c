from typing import Any

import keras
import pytest
from keras import layers

from edgecomp.errors import InputError
from edgecomp.pruning.analysis import analyze


def test_a_subclassed_model_is_refused() -> None:
    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(InputError, match="functional API"):
        analyze(Own())


def test_a_sequential_model_without_a_shape_is_refused() -> None:
    with pytest.raises(InputError, match="no input shape"):
        analyze(keras.Sequential([layers.Dense(2)]))


def test_a_sequential_model_is_followed() -> None:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
    (group,) = analyze(model).groups
    assert (group.producers, group.consumers) == (("a",), ("b",))


def test_calls_outside_the_model_do_not_count() -> None:
    shared = layers.Dense(3, name="shared")
    layers.Softmax()(shared(keras.Input((4,))))
    inputs = keras.Input((4,))
    graph = analyze(keras.Model(inputs, layers.Dense(2)(shared(inputs))))
    assert graph.tensors["shared/0/0"].tolist() == [0, 1, 2]
