"""Tells what a file is from its first bytes, not from its name."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from ..errors import InputError

KERAS_ARCHIVE = "keras archive"
HDF5 = "hdf5"
TFLITE = "tflite"
SAVED_MODEL = "saved model"

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_TFLITE_IDENTIFIER = b"TFL3"  # bytes 4 to 8 of the flatbuffer
_ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"

_WANTED = "edgecomp opens .keras, .h5, SavedModel folders and float .tflite files"


def sniff(path: Path) -> str:
    """Names the format of a model file or folder.

    Returns:
        `KERAS_ARCHIVE`, `HDF5`, `TFLITE` or `SAVED_MODEL`.

    Raises:
        InputError: there is nothing there, or it is something else; the message says what.
    """
    if not path.exists():
        raise InputError(f"there is no model at {path}: check the path")
    if path.is_dir():
        return _sniff_folder(path)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if not head:
        raise InputError(f"{path} is empty: copy or save the model again")
    if head.startswith(_HDF5_MAGIC):
        return HDF5
    if head[4:8] == _TFLITE_IDENTIFIER:
        return TFLITE
    if head.startswith((_ZIP_MAGIC, _EMPTY_ZIP_MAGIC)):
        return _sniff_zip(path)
    raise InputError(f"{path} is {_foreign(head, path)}, not a model that can be opened; {_WANTED}")


def _sniff_folder(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return SAVED_MODEL
    if (path / "config.json").is_file() and (path / "model.weights.h5").is_file():
        raise InputError(
            f"{path} is an unpacked .keras archive: zip its files (config.json at the top) into one .keras file"
        )
    if (path / "model.json").is_file():
        raise InputError(f"{path} is a TensorFlow.js model; convert it back to .h5 with tensorflowjs_converter first")
    if (path / "checkpoint").is_file() or any(path.glob("*.index")):
        raise InputError(f"{path} holds a checkpoint (weights only): load it into its model and call model.save(...)")
    raise InputError(f"{path} is a folder without a saved_model.pb, so it is not a SavedModel; {_WANTED}")


def _sniff_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{path} is a damaged or truncated zip file: copy or save the model again") from error
    if "config.json" in names and any(name in names for name in ("model.weights.h5", "model.weights.npz")):
        return KERAS_ARCHIVE
    if any(name.endswith("data.pkl") for name in names):
        raise InputError(f"{path} is a PyTorch file, not a Keras model; {_WANTED}")
    if any(name.rsplit("/", 1)[-1] == "saved_model.pb" for name in names):
        raise InputError(f"{path} is a zipped SavedModel: unpack it and name the folder")
    if any(name.endswith(".npy") for name in names):
        raise InputError(f"{path} is a NumPy .npz file, not a model; {_WANTED}")
    if "config.json" in names:
        raise InputError(f"{path} is a .keras archive without weights (model.weights.h5): save the model again")
    raise InputError(f"{path} is a zip file, but no .keras archive (it has no config.json); {_WANTED}")


def _foreign(head: bytes, path: Path) -> str:
    """What a file is that cannot be opened, in words."""
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a pickle (joblib, scikit-learn or old PyTorch) file"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")) or head[8:12] == b"WEBP":
        return "a picture"
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")):
        return "a compressed archive (unpack it first)"
    if head.startswith(b"GGUF"):
        return "a GGUF language model"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer (run `git lfs pull` to get the model itself)"
    if head.startswith((b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML")):
        return "a web page (the download went wrong)"
    if path.suffix.lower() == ".onnx" or b"onnx" in head[:64] or b"pytorch" in head[:64]:
        return "an ONNX file"
    if path.suffix.lower() == ".pb":
        return "a lone protocol buffer (for a SavedModel, name its folder)"
    return _text_or_unknown(head)


def _text_or_unknown(head: bytes) -> str:
    if head.strip(b"\x00") == b"":
        return "filled with zero bytes"
    try:
        text = head.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        # A multi-byte character may be cut off at the end of what was read.
        if error.start < len(head) - 4:
            return "of an unknown binary format"
        text = head[: error.start].decode("utf-8").strip()
    if not text.isprintable() and any(ord(one) < 32 and one not in "\n\r\t" for one in text):
        return "of an unknown binary format"
    if text.startswith("{"):
        return "a JSON file (an architecture without weights? save the whole model with model.save(...))"
    return "a text file"


def loads_json(text: str | bytes, where: str) -> dict[str, object]:
    """Parses the JSON object of a model's description.

    Raises:
        InputError: the text is not a JSON object.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not readable JSON: the file is damaged; save the model again") from error
    if not isinstance(data, dict):
        raise InputError(f"{where} is not a JSON object: the file is damaged; save the model again")
    return data
