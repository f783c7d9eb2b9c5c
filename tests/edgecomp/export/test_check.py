"""The checks of an exported file: outputs that differ, weights that are damaged, BatchNormalization left unfolded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecomp.errors import InputError
from edgecomp.export.check import RELATIVE_TOLERANCE, ExportMismatchError, check_outputs, find_unfolded
from edgecomp.export.graph import reference_outputs
from edgecomp.tflite import read_tflite

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402

VALUES = arrays.arrays(np.float32, (1, 5), elements=st.floats(-1e4, 1e4, width=32))


@given(values=VALUES)
def test_equal_outputs_pass(values: np.ndarray) -> None:
    assert check_outputs([values], [values.copy()], ["scores"], "a.png") == 0


@given(values=VALUES, share=st.floats(2 * RELATIVE_TOLERANCE, 10), place=st.integers(0, 4))
def test_a_difference_above_the_tolerance_is_refused(values: np.ndarray, share: float, place: int) -> None:
    values[0, place] = 1.0 + abs(values[0, place])
    other = values.astype(np.float64)
    other[0, place] += share * np.abs(values).max()
    with pytest.raises(ExportMismatchError, match=r"'scores' differs by .* on a\.png"):
        check_outputs([values], [other], ["scores"], "a.png")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_on_either_side(bad: float) -> None:
    good, broken = np.ones((1, 2), np.float32), np.array([[1, bad]], np.float32)
    with pytest.raises(InputError, match="the model itself gives NaN"):
        check_outputs([broken], [good], ["scores"], "a.png")
    with pytest.raises(ExportMismatchError):
        check_outputs([good], [broken], ["scores"], "a.png")


def test_another_shape_is_refused() -> None:
    with pytest.raises(ExportMismatchError, match=r"has shape \(1, 3\) where the model has \(1, 2\)"):
        check_outputs([np.ones((1, 2))], [np.ones((1, 3))], ["scores"], "a.png")


def test_every_output_is_looked_at() -> None:
    good = np.ones((1, 2))
    with pytest.raises(ExportMismatchError, match="'second'"):
        check_outputs([good, good], [good, good * 1.1], ["first", "second"], "a.png")


def conv_net(**batchnorm: Any) -> Any:
    keras.utils.set_random_seed(4)
    inputs = keras.Input((10, 10, 3), name="x")
    value = layers.Conv2D(8, 3, name="conv")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="scores")(layers.GlobalAveragePooling2D()(layers.ReLU()(value))))


@pytest.mark.parametrize("layer", ["conv", "scores"])
def test_damaged_weights_do_not_pass_for_the_model(layer: str, export: Any, run: Any) -> None:
    opened, file = export(conv_net())
    graph = read_tflite(file).main
    weights = np.array(opened.keras_model.get_layer(layer).kernel)
    stored = next(tensor for tensor in graph.tensors if tensor.is_constant and tensor.elements == weights.size > 8)
    values = np.array(stored.values())
    place = file.index(values.tobytes())
    damaged = file[:place] + (-values).tobytes() + file[place + values.nbytes :]
    feeds = {"x": np.random.default_rng(0).normal(size=(1, 10, 10, 3)).astype(np.float32)}
    expected = reference_outputs(opened)(feeds)
    check_outputs(expected, [run(file, feeds)["scores"]], ["scores"], "a.png")
    with pytest.raises(ExportMismatchError, match="does not compute what the model computes"):
        check_outputs(expected, [run(damaged, feeds)["scores"]], ["scores"], "a.png")


def trained(model: Any) -> Any:
    """BatchNormalization with statistics as after training."""
    rng = np.random.default_rng(7)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            size = layer.moving_mean.shape
            layer.set_weights(
                [rng.uniform(0.5, 2, size), *(rng.normal(0, 1, size) for _ in range(2)), rng.uniform(0.5, 2, size)]
            )
    return model


WEIGHTED = {
    "conv": lambda: layers.Conv2D(4, 3, name="weighted"),
    "conv without bias": lambda: layers.Conv2D(4, 3, use_bias=False, name="weighted"),
    "depthwise": lambda: layers.DepthwiseConv2D(3, name="weighted"),
    "separable": lambda: layers.SeparableConv2D(4, 3, name="weighted"),
    "dense": lambda: layers.Dense(4, name="weighted"),
}


@pytest.mark.parametrize("kind", WEIGHTED)
@pytest.mark.parametrize("activation", [None, "relu"])
def test_batch_normalization_behind_weights_is_folded(kind: str, activation: str | None, export: Any) -> None:
    inputs = keras.Input((8, 8, 4), name="x")
    value = layers.BatchNormalization()(WEIGHTED[kind]()(inputs))
    value = layers.Activation(activation)(value) if activation else value
    _, file = export(trained(keras.Model(inputs, value)))
    model = read_tflite(file)
    assert find_unfolded(model) == ()
    assert not {"MUL", "ADD", "SUB"} & {operator.name for operator in model.main.operators}


def test_batch_normalization_before_weights_or_behind_an_activation_is_no_finding(export: Any) -> None:
    inputs = keras.Input((8, 8, 4), name="x")
    value = layers.BatchNormalization()(inputs)
    value = layers.Conv2D(4, 3, activation="relu", padding="same")(value)
    value = layers.BatchNormalization()(value)
    _, file = export(trained(keras.Model(inputs, layers.Conv2D(4, 3, padding="same")(value))))
    model = read_tflite(file)
    assert "MUL" in {operator.name for operator in model.main.operators}
    assert find_unfolded(model) == ()


def test_a_result_that_others_read_too_is_no_finding(export: Any) -> None:
    inputs = keras.Input((8, 8, 4), name="x")
    value = layers.Conv2D(4, 3, name="weighted")(inputs)
    scaled = layers.BatchNormalization()(value)
    _, file = export(trained(keras.Model(inputs, [value, scaled])))
    assert find_unfolded(read_tflite(file)) == ()


def test_a_factor_left_behind_a_convolution_is_found_with_its_layer(export: Any) -> None:
    """The converter folds these, so one is built: an operand of a product becomes a constant."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    inputs = keras.Input((8, 8, 4), name="x")
    value = layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    _, file = export(keras.Model(inputs, layers.Multiply(name="product")([value, inputs])))
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file))
    graph = tree.subgraphs[0]
    product = graph.operators[-1]
    product.inputs = [int(one) for one in product.inputs]
    for operand, tensor in enumerate(product.inputs):
        if tensor == graph.inputs[0]:
            tree.buffers.append(schema.BufferT(data=np.ones(4, np.float32).view(np.uint8)))
            graph.tensors.append(schema.TensorT(shape=[4], name="factor", buffer=len(tree.buffers) - 1))
            product.inputs[operand] = len(graph.tensors) - 1
    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    found = find_unfolded(read_tflite(bytes(builder.Output())), ("first", "product"))
    assert [(one.operator, one.after, one.layer) for one in found] == [("MUL", "CONV_2D", "first")]
    assert "first" in str(found[0])


def test_the_counters_of_loops_are_no_findings(export: Any) -> None:
    inputs = keras.Input((6, 3), name="x")
    _, file = export(keras.Model(inputs, layers.LSTM(4)(inputs)))
    model = read_tflite(file)
    assert len(model.subgraphs) > 1
    assert find_unfolded(model) == ()


def test_a_common_network_has_no_findings(export: Any) -> None:
    model = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=4)
    _, file = export(trained(model))
    assert find_unfolded(read_tflite(file), tuple(layer.name for layer in model.layers)) == ()
