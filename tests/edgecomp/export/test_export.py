"""The exported float .tflite is the Keras model: same outputs, same names, batch 1, builtin ops only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.export.check import check_outputs
from edgecomp.export.graph import freeze, reference_outputs
from edgecomp.export.tflite import ExportError, convert_graph
from edgecomp.models import OpenedModel, from_keras
from edgecomp.tflite import read_tflite

keras = pytest.importorskip("keras")
from keras import layers, ops  # noqa: E402

PHOTO = (12, 12, 3)


def settled(model: Any, seed: int = 0) -> Any:
    """The model with weights and statistics unlike their initial values, so that nothing cancels out."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "seed" in variable.path:
            continue
        value = rng.normal(0, 0.4, variable.shape)
        if "variance" in variable.path:
            value = rng.uniform(0.5, 2, variable.shape)
        variable.assign(value)
    return model


def chain(shape: tuple[int, ...], *steps: Any, **options: Any) -> Any:
    inputs = keras.Input(shape, name="x", **options)
    value = inputs
    for step in steps:
        value = step(value)
    return settled(keras.Model(inputs, value))


def normalization() -> Any:
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(3).normal(5, 3, (64, *PHOTO)).astype(np.float32))
    return chain(PHOTO, layer, layers.Conv2D(4, 3))


def shared_layer() -> Any:
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    dense = layers.Dense(4, activation="relu")
    return settled(keras.Model([left, right], layers.Concatenate()([dense(left), dense(right), dense(left - right)])))


def nested() -> Any:
    inner = keras.Sequential([keras.Input(PHOTO), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()])
    return chain(PHOTO, inner, layers.GlobalAveragePooling2D(), keras.Sequential([layers.Dense(3)]))


def nested_twice() -> Any:
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation="tanh")])
    return chain((4,), inner, inner, layers.Dense(2))


def attention() -> Any:
    inputs = keras.Input((6, 8), name="x")
    value = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    value = layers.LayerNormalization()(value + inputs)
    return settled(keras.Model(inputs, layers.GlobalAveragePooling1D()(value)))


def dictionaries() -> Any:
    """Keys, names and order all differ."""
    first, second = keras.Input((4,), name="b_in"), keras.Input((5,), name="a_in")
    outputs = {"z": layers.Dense(2, name="one")(first), "a": layers.Dense(3, name="two")(second)}
    return settled(keras.Model({"first": first, "second": second}, outputs))


def mixed_inputs() -> Any:
    ids, values = keras.Input((7,), dtype="int32", name="ids"), keras.Input((3,), name="values")
    words = layers.GlobalMaxPooling1D()(layers.Embedding(20, 5)(ids))
    joined = layers.Concatenate()([words, values])
    return settled(
        keras.Model([ids, values], [layers.Dense(2, name="scores")(joined), layers.Dense(1, name="size")(joined)])
    )


def residual() -> Any:
    inputs = keras.Input(PHOTO, name="x")
    value = layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    value = layers.ReLU(6.0)(layers.BatchNormalization()(value))
    other = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(value)
    other = layers.BatchNormalization()(other)
    value = layers.Add()([value, other])
    return settled(keras.Model(inputs, layers.Softmax()(layers.Dense(4)(layers.GlobalAveragePooling2D()(value)))))


def passed_through() -> Any:
    """An output that is an input, and one that appears twice."""
    inputs = keras.Input((4,), name="x")
    value = layers.Dense(3, name="scores")(inputs)
    return settled(keras.Model(inputs, [value, inputs, value]))


MODELS: dict[str, Callable[[], Any]] = {
    "conv": lambda: chain(PHOTO, layers.Conv2D(4, 3, strides=2, dilation_rate=1, activation="relu")),
    "conv dilated": lambda: chain(PHOTO, layers.Conv2D(4, 3, dilation_rate=2, padding="same")),
    "conv grouped": lambda: chain((8, 8, 4), layers.Conv2D(4, 3, groups=2)),
    "depthwise": lambda: chain(PHOTO, layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same")),
    "separable": lambda: chain(PHOTO, layers.SeparableConv2D(5, 3)),
    "transposed": lambda: chain(PHOTO, layers.Conv2DTranspose(4, 3, strides=2, padding="same")),
    "conv1d": lambda: chain((20, 3), layers.Conv1D(4, 5, strides=2)),
    "causal conv1d": lambda: chain((20, 3), layers.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "conv3d": lambda: chain((4, 4, 4, 2), layers.Conv3D(2, 2)),
    "upsampling": lambda: chain(PHOTO, layers.UpSampling2D(2, interpolation="bilinear"), layers.Cropping2D(1)),
    "padding": lambda: chain(PHOTO, layers.ZeroPadding2D(((0, 1), (1, 2))), layers.MaxPooling2D(3, 2)),
    "pooling": lambda: chain(PHOTO, layers.AveragePooling2D(2, padding="same"), layers.Flatten(), layers.Dense(3)),
    "residual": residual,
    "nested": nested,
    "nested twice": nested_twice,
    "shared layer": shared_layer,
    "attention": attention,
    "dictionaries": dictionaries,
    "mixed inputs": mixed_inputs,
    "passed through": passed_through,
    "lstm": lambda: chain((6, 3), layers.LSTM(4, return_sequences=True), layers.LSTM(3)),
    "gru": lambda: chain((6, 3), layers.GRU(4)),
    "simple rnn": lambda: chain((6, 3), layers.SimpleRNN(4)),
    "bidirectional": lambda: chain((6, 3), layers.Bidirectional(layers.LSTM(3, return_sequences=True))),
    "time distributed": lambda: chain((3, *PHOTO), layers.TimeDistributed(layers.Conv2D(2, 3))),
    "rescaling": lambda: chain(PHOTO, layers.Rescaling(1 / 127.5, offset=-1), layers.Conv2D(4, 3)),
    "normalization": normalization,
    "augmentation": lambda: chain(
        PHOTO, layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomZoom(0.2), layers.Conv2D(3, 3)
    ),
    "noise": lambda: chain(PHOTO, layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.SpatialDropout2D(0.5)),
    "resizing": lambda: chain(PHOTO, layers.Resizing(8, 8), layers.Conv2D(3, 3)),
    "activations": lambda: chain(
        (16,), *(layers.Activation(one) for one in ("gelu", "silu", "hard_sigmoid", "softplus", "elu", "leaky_relu"))
    ),
    "prelu": lambda: chain(PHOTO, layers.PReLU(shared_axes=[1, 2])),
    "hard swish": lambda: chain(PHOTO, layers.Conv2D(4, 1), layers.Activation("hard_silu")),
    "group norm": lambda: chain((8, 8, 4), layers.GroupNormalization(2), layers.UnitNormalization()),
    "squeeze": lambda: chain(
        (8, 8, 4), layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(4, 1, activation="sigmoid")
    ),
    "integer answer": lambda: chain((8,), layers.Dense(4), lambda value: ops.cast(value > 0, "int32")),
    "token ids": lambda: chain((9,), layers.Embedding(12, 4), layers.GlobalAveragePooling1D(), dtype="int64"),
}


def samples(opened: OpenedModel, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        spec.name: rng.integers(0, 10, spec.shape).astype(spec.dtype)
        if np.issubdtype(spec.dtype, np.integer)
        else rng.normal(0, 2, spec.shape).astype(spec.dtype)
        for spec in opened.inputs
    }


def assert_same(opened: OpenedModel, file: bytes, run: Callable[..., Any]) -> None:
    reference = reference_outputs(opened)
    names = [spec.name for spec in opened.outputs]
    for seed in range(2):
        feeds = samples(opened, seed)
        got = run(file, feeds)
        check_outputs(reference(feeds), [got[name] for name in names], names, f"sample {seed}")


@pytest.mark.parametrize("name", MODELS)
def test_the_file_computes_what_keras_computes(name: str, export: Any, run: Any) -> None:
    opened, file = export(MODELS[name]())
    assert_same(opened, file, run)
    model = read_tflite(file)
    assert not any(operator.custom for graph in model.subgraphs for operator in graph.operators)
    assert all(tensor.shape[0] == 1 and not tensor.dynamic for tensor in model.inputs)


def test_the_reference_is_what_the_model_predicts() -> None:
    """`reference_outputs` is the yardstick of all else here, so it is held against Keras' own `predict`."""
    model = dictionaries()
    opened = from_keras(model)
    feeds = samples(opened)
    predicted = model.predict({"first": feeds["b_in"], "second": feeds["a_in"]}, verbose=0)
    by_name = {spec.name: value for spec, value in zip(opened.outputs, reference_outputs(opened)(feeds), strict=True)}
    np.testing.assert_allclose(by_name["one"], predicted["z"], rtol=1e-5)
    np.testing.assert_allclose(by_name["two"], predicted["a"], rtol=1e-5)


def test_the_signature_has_the_models_own_names(export: Any) -> None:
    _, file = export(mixed_inputs())
    signature = read_tflite(file).signature
    assert signature is not None
    assert signature.key == "serving_default"
    assert {name for name, _ in signature.inputs} == {"ids", "values"}
    assert {name for name, _ in signature.outputs} == {"scores", "size"}


def test_the_batch_is_fixed_so_that_no_shape_is_computed_on_the_device(export: Any) -> None:
    _, file = export(residual())
    names = {operator.name for operator in read_tflite(file).main.operators}
    assert not names & {"SHAPE", "STRIDED_SLICE", "PACK"}


def test_exporting_does_not_touch_the_model() -> None:
    model = residual()
    before = [np.array(weight) for weight in model.get_weights()]
    convert_graph(freeze(from_keras(model)))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_exporting_twice_gives_the_same_bytes(export: Any) -> None:
    model = residual()
    assert export(model)[1] == export(model)[1]


@pytest.mark.parametrize(
    ("named", "operation"),
    [
        (["Cholesky"], lambda x: ops.cholesky(ops.matmul(x, ops.transpose(x, (0, 2, 1))) + ops.eye(4))),
        (["MatrixInverse"], lambda x: ops.inv(x + ops.eye(4))),
        (["FFT"], lambda x: ops.fft((x, x * 0))[0]),
        (["Erfinv", "Svd"], lambda x: ops.erfinv(ops.svd(x)[1])),
    ],
)
def test_operations_without_a_builtin_op_are_named(named: list[str], operation: Callable[[Any], Any]) -> None:
    graph = freeze(from_keras(chain((4, 4), operation)))
    with pytest.raises(ExportError) as error:
        convert_graph(graph)
    assert isinstance(error.value, InputError)
    assert error.value.exit_code == 2
    assert all(one in str(error.value) for one in named)
    assert "\n" not in str(error.value)


WEIGHTED = {
    "conv": lambda width, kernel, **options: layers.Conv2D(width, kernel, **options),
    "strided": lambda width, kernel, **options: layers.Conv2D(width, kernel, strides=2, **options),
    "depthwise": lambda _, kernel, **options: layers.DepthwiseConv2D(kernel, **options),
    "separable": lambda width, kernel, **options: layers.SeparableConv2D(width, kernel, **options),
    "transposed": lambda width, kernel, **options: layers.Conv2DTranspose(width, kernel, **options),
}
STEP = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(WEIGHTED)),
        "width": st.sampled_from([1, 3, 4, 8]),
        "kernel": st.sampled_from([1, 2, 3]),
        "bias": st.booleans(),
        "batchnorm": st.booleans(),
        "activation": st.sampled_from([None, "relu", "relu6", "hard_silu", "sigmoid"]),
        "skip": st.booleans(),
    }
)


def conv_net(size: int, channels: int, steps: list[dict[str, Any]], classes: int, seed: int) -> Any:
    inputs = value = keras.Input((size, size, channels), name="x")
    for step in steps:
        before = value
        value = WEIGHTED[step["kind"]](step["width"], step["kernel"], padding="same", use_bias=step["bias"])(value)
        value = layers.BatchNormalization()(value) if step["batchnorm"] else value
        value = layers.Activation(step["activation"])(value) if step["activation"] else value
        value = layers.Add()([before, value]) if step["skip"] and before.shape == value.shape else value
    return settled(keras.Model(inputs, layers.Dense(classes)(layers.GlobalAveragePooling2D()(value))), seed)


@settings(max_examples=25)
@given(
    size=st.integers(5, 12),
    channels=st.integers(1, 4),
    steps=st.lists(STEP, min_size=1, max_size=4),
    classes=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_random_conv_nets_export_right(
    size: int, channels: int, steps: list[dict[str, Any]], classes: int, seed: int, export: Any, run: Any
) -> None:
    opened, file = export(conv_net(size, channels, steps, classes, seed))
    assert_same(opened, file, run)
