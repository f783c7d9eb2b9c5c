"""TFLite metadata: what a model's tensors mean, in the form that Android Studio and the task libraries read.

A flatbuffer of its own, schema 1.5.0 (tensorflow/lite/schema/metadata_schema.fbs in tflite-support); the numbers of
fields, unions and enums below are that schema's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers

from .source import AppSource

NAME = "TFLITE_METADATA"
LABELS_FILE = "labels.txt"
_IDENTIFIER = b"M001"
_PARSER = "1.0.0"

_IMAGE_PROPERTIES, _FEATURE_PROPERTIES, _NORMALIZATION = 2, 1, 1
_COLORS = {"rgb": 1, "gray": 2}  # BGR has no number: 0, unknown, and the description says it
_TENSOR_AXIS_LABELS = 2


@dataclass(frozen=True)
class TensorNote:
    """What is said of one tensor.

    Args:
        name: in the signature.
        description: for people.
        color: of an image: "rgb", "bgr" or "gray"; "" where the tensor is none.
        size: of an image, width and height in pixels.
        mean: subtracted from raw values; empty for an output.
        std: divides what is left; empty for an output.
        low: least value, one or one per channel, before quantization.
        high: greatest value, likewise.
        labels: whether `LABELS_FILE` names the last axis.
    """

    name: str
    description: str
    color: str = ""
    size: tuple[int, int] = (0, 0)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    labels: bool = False


def notes(source: AppSource) -> tuple[TensorNote, TensorNote]:
    """What is to be said of the input and of the output with the classes."""
    contract, image = source.input, source.image
    channels = max(len(contract.mean), len(contract.std))
    means = tuple(contract.mean[i % len(contract.mean)] for i in range(channels))
    stds = tuple(contract.std[i % len(contract.std)] for i in range(channels))
    photo = TensorNote(
        contract.name,
        f"{image.color} photo, {image.height} x {image.width}; fitted by {image.fit}, resized with {image.resample} "
        "(antialiased); (raw - mean) / std, raw from 0 to 255",
        image.color,
        (image.width, image.height),
        means,
        stds,
        tuple((0 - mean) / std for mean, std in zip(means, stds, strict=True)),
        tuple((255 - mean) / std for mean, std in zip(means, stds, strict=True)),
    )
    activation = source.output.activation
    still = "as they are" if activation == "none" else f"after {activation}, which the app applies"
    return photo, TensorNote(source.output.name, f"scores of the classes, {still}", labels=bool(source.labels))


def metadata_bytes(name: str, inputs: Sequence[TensorNote], outputs: Sequence[TensorNote]) -> bytes:
    """The metadata of a model.

    Args:
        name: of the model.
        inputs: one note per input, in the order of the graph.
        outputs: likewise.
    """
    builder = flatbuffers.Builder(1024)
    graph = _table(
        builder,
        10,
        {
            2: _vector(builder, [_tensor(builder, one) for one in inputs]),
            3: _vector(builder, [_tensor(builder, one) for one in outputs]),
        },
    )
    fields = {
        0: builder.CreateString(name),
        3: _vector(builder, [graph]),
        7: builder.CreateString(_PARSER),
    }
    builder.Finish(_table(builder, 8, fields), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _tensor(builder: Any, note: TensorNote) -> int:
    fields = {
        0: builder.CreateString(note.name),
        1: builder.CreateString(note.description),
        3: _content(builder, note),
    }
    if note.mean:
        options = _table(builder, 2, {0: _floats(builder, note.mean), 1: _floats(builder, note.std)})
        builder.StartObject(2)
        builder.PrependUint8Slot(0, _NORMALIZATION, 0)
        builder.PrependUOffsetTRelativeSlot(1, options, 0)
        fields[4] = _vector(builder, [builder.EndObject()])
        fields[5] = _table(builder, 2, {0: _floats(builder, note.high), 1: _floats(builder, note.low)})
    if note.labels:
        fields[6] = _vector(builder, [_labels_file(builder)])
    return _table(builder, 7, fields)


def _content(builder: Any, note: TensorNote) -> int:
    if note.color:
        builder.StartObject(2)
        builder.PrependUint32Slot(0, note.size[0], 0)
        builder.PrependUint32Slot(1, note.size[1], 0)
        size = builder.EndObject()
        builder.StartObject(2)
        builder.PrependInt8Slot(0, _COLORS.get(note.color, 0), 0)
        builder.PrependUOffsetTRelativeSlot(1, size, 0)
        kind, properties = _IMAGE_PROPERTIES, builder.EndObject()
    else:
        kind, properties = _FEATURE_PROPERTIES, _table(builder, 0, {})
    builder.StartObject(2)
    builder.PrependUint8Slot(0, kind, 0)
    builder.PrependUOffsetTRelativeSlot(1, properties, 0)
    return int(builder.EndObject())


def _labels_file(builder: Any) -> int:
    name, text = builder.CreateString(LABELS_FILE), builder.CreateString("class names, one a line")
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUOffsetTRelativeSlot(1, text, 0)
    builder.PrependInt8Slot(2, _TENSOR_AXIS_LABELS, 0)
    return int(builder.EndObject())


def _table(builder: Any, size: int, offsets: dict[int, int]) -> int:
    """A table whose fields are all references to what was written before."""
    builder.StartObject(size)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(builder.EndObject())


def _vector(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Any, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
