"""Puts metadata and class names into a .tflite: the metadata as a buffer of the model, the names as a zip behind it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np

from ..tflite.packing import AlignedBuffer, pack, schema, unpack
from .metadata import LABELS_FILE, NAME, TensorNote, metadata_bytes, notes
from .source import AppSource


def with_metadata(source: AppSource) -> bytes:
    """The model with its metadata; it computes what it did.

    Raises:
        InputError: the file cannot be repacked without loss.
    """
    model = unpack(source.model)
    graph = model.subgraphs[0]
    photo, scores = notes(source)
    others = [TensorNote(_name(graph, index), "") for index in graph.outputs]
    others[source.output_place] = scores
    data = metadata_bytes(source.name, [photo], others)
    model.buffers.append(AlignedBuffer(np.frombuffer(data, np.uint8)))
    entry = schema().MetadataT(name=NAME, buffer=len(model.buffers) - 1)
    kept = [one for one in model.metadata or () if _text(one.name) != NAME]
    model.metadata = [*kept, entry]
    # Names that somebody appended before give way to the bundle's.
    return pack(model) + _labels_zip(source.labels) if source.labels else pack(model, source.model)


def _name(graph: Any, index: int) -> str:
    return _text(graph.tensors[index].name)


def _text(raw: Any) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)


def _labels_zip(labels: tuple[str, ...]) -> bytes:
    """An archive that readers find by its end, wherever it begins; the same bytes on any day."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(LABELS_FILE, (1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, "".join(f"{label}\n" for label in labels))
    return buffer.getvalue()
