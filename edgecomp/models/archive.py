"""Opens .keras archives: those of Keras 3 by Keras itself from a checked description, those of Keras 2 by rebuilding.

Only members with Keras's own names are read, each with a limit on its size; nothing is unpacked by the names in the
archive, so a hostile file cannot write anywhere.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import EdgecompError, InputError
from .archive_weights import assign_archive, count_weights
from .h5_file import LegacyFile
from .keras3_config import check_safe, find_unknown, for_inference
from .layers import Context, first_line, hard_sigmoid_keras2
from .legacy import DAMAGE, damaged_description, rebuild
from .signature import FixInput
from .sniff import loads_json

_WEIGHTS = "model.weights.h5"
_MAX_CONFIG_BYTES = 256 << 20
# Keras stores weights without compression. An archive packed again may be compressed, but trained floats hardly are.
_MAX_EXPANSION = 200
_ALWAYS_ALLOWED_BYTES = 64 << 20


def open_archive(path: Path, context: Context, fix_input: FixInput) -> tuple[Any, tuple[str, ...]]:
    """Opens a .keras archive.

    Returns:
        the Keras 3 model, and sentences a user should read.

    Raises:
        InputError: the file cannot be opened; the message says why.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = loads_json(_read(archive, "config.json"), f"config.json in {path}")
            metadata = _metadata(archive)
            if any(name.startswith("assets/") and not name.endswith("/") for name in archive.namelist()):
                raise InputError(
                    f"{path} carries lookup tables (assets), for text or look-up layers: move what turns text into "
                    "numbers out of the model, and save the part that takes numbers"
                )
            with _weights_file(archive) as weights:
                if metadata.startswith("2.") or _written_by_keras2(config):
                    return _open_keras2(config, weights, context, fix_input)
                return _open_keras3(config, weights, replace(context, by_keras3=True), fix_input)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path} cannot be read ({first_line(error)}): copy or save the model again") from error


def _metadata(archive: zipfile.ZipFile) -> str:
    """The version of Keras that wrote the archive; "" where it does not say."""
    if "metadata.json" not in archive.namelist():
        return ""
    return str(loads_json(_read(archive, "metadata.json"), "metadata.json").get("keras_version", ""))


def _written_by_keras2(config: dict[str, Any]) -> bool:
    text = repr(config)
    return "'batch_input_shape'" in text and "'batch_shape'" not in text


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    _check_size(archive.getinfo(name), _MAX_CONFIG_BYTES)
    return archive.read(name)


def _check_size(member: zipfile.ZipInfo, limit: int | None) -> None:
    allowed = max(_ALWAYS_ALLOWED_BYTES, _MAX_EXPANSION * member.compress_size)
    if member.file_size > (allowed if limit is None else limit):
        raise InputError(
            f"{member.filename} in the archive claims to unpack to {member.file_size >> 20} MiB, "
            "which no saved model does: the file is damaged or made to do harm"
        )


@contextmanager
def _weights_file(archive: zipfile.ZipFile) -> Iterator[Path]:
    """The weights as a file of our own naming, since HDF5 needs to seek."""
    if _WEIGHTS not in archive.namelist():
        raise InputError(f"the archive has no {_WEIGHTS}: save the model again with model.save(...)")
    _check_size(archive.getinfo(_WEIGHTS), None)
    with tempfile.TemporaryDirectory(prefix="edgecomp-") as folder:
        target = Path(folder) / _WEIGHTS
        with archive.open(_WEIGHTS) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        yield target


def _open_keras2(
    config: dict[str, Any], weights: Path, context: Context, fix_input: FixInput
) -> tuple[Any, tuple[str, ...]]:
    built = rebuild(LegacyFile(config, "2", "", {}), context, fix_input)
    notes = assign_archive(built, weights)
    return built.model, built.notes + notes


def _open_keras3(
    config: dict[str, Any], weights: Path, context: Context, fix_input: FixInput
) -> tuple[Any, tuple[str, ...]]:
    try:
        check_safe(config, context)
        wanted, notes = for_inference(config, fix_input)
    except DAMAGE as error:
        raise damaged_description(error) from error
    model = _deserialize(wanted, context)
    if not model.built:
        raise InputError(
            f"the model is a subclass of keras.Model ({config.get('class_name')}) that cannot be built from the file: "
            "save it as a SavedModel folder (model.export) and give that"
        )
    try:
        model.load_weights(weights)
    except Exception as error:
        raise InputError(
            f"the weights in the file do not fit the network in it ({first_line(error)}): save the model again"
        ) from error
    _check_all_used(model, weights)
    return as_functional(model, config, fix_input), notes


def _deserialize(config: dict[str, Any], context: Context) -> Any:
    import keras

    hard_sigmoid_keras2()  # registered, for models that edgecomp itself saved
    try:
        with keras.saving.custom_object_scope(dict(context.custom_objects)):
            model = keras.saving.deserialize_keras_object(config, safe_mode=not context.allow_code)
    except EdgecompError:
        raise
    except Exception as error:
        unknown = find_unknown(config, context)
        if unknown is not None:
            raise unknown from error
        raise InputError(f"the network in the file cannot be rebuilt: {first_line(error)}") from error
    if not isinstance(model, keras.Model):
        raise InputError(f"the file holds a {type(model).__name__}, not a model: save the whole model")
    return model


def _check_all_used(model: Any, weights: Path) -> None:
    """Keras ignores weights that nothing asks for; here that is an error, because the network must then be another."""
    expected = sum(1 for variable in model.variables if not _is_seed(variable))
    found = count_weights(weights)
    if found != expected:
        raise InputError(
            f"the file has {found} weights, but the network in it has {expected}: save the model again "
            "with the version that wrote it"
        )


def _is_seed(variable: Any) -> bool:
    return "seed_generator" in variable.path or (str(variable.dtype).startswith(("int", "uint")) and variable.ndim == 1)


def as_functional(model: Any, config: dict[str, Any], fix_input: FixInput) -> Any:
    """The model itself where it is a Functional or Sequential one; else a functional model that calls it once."""
    import keras

    if isinstance(model, keras.Sequential) or getattr(model, "inputs", None):
        return model
    shape = (config.get("build_config") or {}).get("input_shape")
    if not isinstance(shape, (list, tuple)) or not all(size is None or isinstance(size, int) for size in shape):
        raise InputError(
            f"the model is a subclass of keras.Model ({type(model).__name__}) with inputs the file does not describe: "
            "save it as a SavedModel folder (model.export) and give that"
        )
    given = keras.Input(batch_shape=(None, *fix_input("input", tuple(shape))[1:]), name="input")
    return keras.Model(given, model(given), name=model.name)
