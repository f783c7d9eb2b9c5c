from __future__ import annotations

import numpy as np
import pytest

from edgecomp.data.auto import keras_predictor, tflite_predictor
from edgecomp.models.opened import TensorSpec

keras = pytest.importorskip("keras")


def test_inputs_of_a_tflite_are_found_by_their_names_and_a_keras_models_by_their_order() -> None:
    import tensorflow as tf

    b, a = keras.Input((3,), name="b"), keras.Input((3,), name="a")
    model = keras.Model([b, a], keras.layers.Subtract()([b, a]))
    exported = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    specs = [TensorSpec("b", (1, 3)), TensorSpec("a", (1, 3))]
    values = {"a": np.ones((4, 3), np.float32), "b": np.arange(12, dtype=np.float32).reshape(4, 3)}
    wanted = values["b"] - 1
    assert np.array_equal(tflite_predictor(exported, specs)(values), wanted)
    assert np.array_equal(tflite_predictor(exported, specs[::-1])(values), wanted)
    assert np.array_equal(keras_predictor(model, specs)(values), wanted)
