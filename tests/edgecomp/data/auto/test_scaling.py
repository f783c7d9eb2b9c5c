"""What a model does to its input, read from real Keras models and real .tflite files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.data.auto.keras_scaling import keras_scaling
from edgecomp.data.auto.tflite_scaling import normalization_metadata, tflite_scaling
from edgecomp.models.opened import TensorSpec

keras = pytest.importorskip("keras")
layers = keras.layers
SPEC = TensorSpec("x", (1, 8, 8, 3))


def network(*before: Any, size: int = 32) -> Any:
    return keras.Sequential(
        [keras.Input((size, size, 3)), *before, layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    )


def functional(scale: Any) -> Any:
    image = keras.Input((32, 32, 3))
    return keras.Model(image, layers.Dense(2)(layers.Flatten()(layers.Conv2D(4, 3)(scale(image)))))


def augmentation() -> Any:
    return keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.1), layers.Resizing(24, 24)])


def preprocessing() -> Any:
    return keras.Sequential([keras.Input((24, 24, 3)), layers.CenterCrop(20, 20), layers.Rescaling(1 / 255)])


CASES = {
    "rescaling": (lambda: network(layers.Rescaling(1 / 255)), "pixels"),
    "to -1..1": (lambda: network(layers.Rescaling(1 / 127.5, offset=-1)), "pixels"),
    "from 0..1": (lambda: network(layers.Rescaling(2.0, offset=-1)), "unit"),
    "normalization of pixels": (
        lambda: network(layers.Normalization(mean=[124, 116, 104], variance=[3400] * 3)),
        "pixels",
    ),
    "normalization of 0..1": (lambda: network(layers.Normalization(mean=[0.5] * 3, variance=[0.06] * 3)), "unit"),
    "both": (
        lambda: network(layers.Rescaling(1 / 255), layers.Normalization(mean=[0.5] * 3, variance=[0.06] * 3)),
        "pixels",
    ),
    "after augmentation": (
        lambda: network(layers.RandomZoom(0.1), layers.ZeroPadding2D(), layers.Rescaling(1 / 255)),
        "pixels",
    ),
    "after nested augmentation": (lambda: network(augmentation(), layers.Rescaling(1 / 255)), "pixels"),
    "in a nested model": (
        lambda: functional(lambda x: preprocessing()(augmentation()(layers.Identity()(x)))),
        "pixels",
    ),
    "operators": (lambda: functional(lambda x: x / 127.5 - 1.0), "pixels"),
    "operators, constant first": (lambda: functional(lambda x: 0.0078 * x), "pixels"),
    "means only": (lambda: functional(lambda x: x - np.array([104.0, 117.0, 124.0], np.float32)), "pixels"),
    "nothing": (lambda: network(), None),
    "nothing but augmentation": (lambda: network(augmentation()), None),
    "a scale within": (lambda: network(layers.Conv2D(3, 1), layers.Rescaling(1 / 255)), None),
    "two branches": (lambda: functional(lambda x: layers.Add()([x / 255.0, layers.Conv2D(3, 1)(x)])), None),
    "an activation": (lambda: network(layers.Activation("relu"), layers.Rescaling(1 / 255)), None),
    "an unknown range": (lambda: network(layers.Rescaling(1 / 16)), None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_scaling_at_the_input_of_a_keras_model_is_found(name: str) -> None:
    make, wants = CASES[name]
    assert keras_scaling(make()).wants == wants


@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny"])
def test_applications_that_rescale_by_themselves_are_known_and_wrapped_ones_too(name: str) -> None:
    inner = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(64, 64, 3))
    assert keras_scaling(inner).wants == "pixels"
    image = keras.Input((64, 64, 3))
    outer = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(inner(layers.RandomFlip()(image)))))
    assert keras_scaling(outer).wants == "pixels"


def test_applications_that_do_not_rescale_are_not_taken_to() -> None:
    model = keras.applications.MobileNetV2(weights=None, alpha=0.35, include_top=False, input_shape=(64, 64, 3))
    assert keras_scaling(model).wants is None


def test_scaling_composes() -> None:
    found = keras_scaling(functional(lambda x: (layers.Rescaling(1 / 127.5, offset=-1)(x)) * 2.0))
    assert np.allclose(found.scale, 2 / 127.5)
    assert np.allclose(found.offset, -2)
    assert len(found.steps) == 2


def tflite(call: Any) -> bytes:
    import tensorflow as tf

    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    concrete = tf.function(call, autograph=False).get_concrete_function(spec)
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())


@pytest.mark.parametrize(
    ("scale", "wants"),
    [
        (lambda x: x * (1 / 255), "pixels"),
        (lambda x: (x - 127.5) / 64.0, "pixels"),
        (lambda x: x * 2.0 - 1.0, "unit"),
        (lambda x: x, None),
    ],
)
def test_the_scaling_at_the_input_of_a_tflite_is_found(scale: Any, wants: str | None) -> None:
    import tensorflow as tf

    model = tflite(lambda x: tf.nn.softmax(tf.sin(scale(x)), axis=-1))
    assert tflite_scaling(model, SPEC).wants == wants


def metadata(mean: list[float], std: list[float]) -> bytes:
    """A TFLITE_METADATA block with NormalizationOptions, after TensorFlow's metadata_schema.fbs."""
    import flatbuffers

    b = flatbuffers.Builder(256)

    def floats(values: list[float]) -> int:
        return int(b.CreateNumpyVector(np.array(values, np.float32)))

    def vector_of(table: int) -> int:
        b.StartVector(4, 1, 4)
        b.PrependUOffsetTRelative(table)
        return int(b.EndVector())

    means, stds = floats(mean), floats(std)
    b.StartObject(2)  # NormalizationOptions
    b.PrependUOffsetTRelativeSlot(0, means, 0)
    b.PrependUOffsetTRelativeSlot(1, stds, 0)
    options = b.EndObject()
    b.StartObject(2)  # ProcessUnit
    b.PrependUint8Slot(0, 1, 0)
    b.PrependUOffsetTRelativeSlot(1, options, 0)
    units = vector_of(b.EndObject())
    b.StartObject(7)  # TensorMetadata
    b.PrependUOffsetTRelativeSlot(4, units, 0)
    tensors = vector_of(b.EndObject())
    b.StartObject(8)  # SubGraphMetadata
    b.PrependUOffsetTRelativeSlot(2, tensors, 0)
    graphs = vector_of(b.EndObject())
    b.StartObject(8)  # ModelMetadata
    b.PrependUOffsetTRelativeSlot(3, graphs, 0)
    b.Finish(b.EndObject(), b"M001")
    return bytes(b.Output())


def with_metadata(model: bytes, block: bytes) -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(block, np.uint8)
    entry.name, entry.buffer = b"TFLITE_METADATA", len(tree.buffers)
    tree.buffers, tree.metadata = [*tree.buffers, buffer], [*(tree.metadata or []), entry]
    builder = flatbuffers.Builder(len(model) + 4096)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_normalization_is_read_from_a_files_metadata() -> None:
    import tensorflow as tf

    model = tflite(lambda x: tf.sin(x))
    assert normalization_metadata(model, SPEC) is None
    assert normalization_metadata(with_metadata(model, metadata([127.5], [128.0])), SPEC) == ((127.5,), (128.0,))
    assert normalization_metadata(with_metadata(model, metadata([1, 2, 3], [4, 5, 6])), SPEC) == ((1, 2, 3), (4, 5, 6))


def test_damaged_metadata_say_nothing() -> None:
    import tensorflow as tf

    model, block = tflite(lambda x: tf.sin(x)), metadata([127.5], [128.0])
    assert normalization_metadata(with_metadata(model, metadata([0.0], [0.0])), SPEC) is None
    rng = np.random.default_rng(0)
    for _ in range(20):
        broken = bytearray(block)
        broken[int(rng.integers(len(block)))] = int(rng.integers(256))
        found = normalization_metadata(with_metadata(model, bytes(broken)), SPEC)
        assert found is None or len(found) == 2
