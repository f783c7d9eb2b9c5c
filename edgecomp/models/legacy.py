"""Opens .h5 files: those of Keras 2 by rebuilding the network, those of Keras 3 by Keras itself, checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from .built import BuiltNetwork
from .h5_file import LegacyFile, read_legacy_h5
from .layers import Context, first_line
from .replay import build_network
from .signature import FixInput
from .weights import assign_weights

# What walking through nested plain data raises where something is missing or of another kind.
DAMAGE = (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError)


def open_legacy(path: Path, context: Context, fix_input: FixInput) -> tuple[Any, str, tuple[str, ...]]:
    """Opens a whole-model .h5 file.

    Returns:
        the Keras 3 model, the format ("keras-h5" or "legacy-h5"), and sentences a user should read.

    Raises:
        InputError: the file cannot be opened; the message says why.
    """
    file = read_legacy_h5(path)
    if file.keras_version.startswith(("0.", "1.")):
        raise InputError(
            f"{path} was written by Keras {file.keras_version}; open it with Keras 2 and save it again, then give that"
        )
    if file.backend not in ("", "tensorflow", "jax", "torch"):
        raise InputError(
            f"{path} was written with the {file.backend} backend, whose convolutions are stored differently: "
            "load it with TensorFlow and save it again"
        )
    built = rebuild(file, context, fix_input)
    notes = assign_weights(built.layers, built.unused, file.weights)
    return built.model, "keras-h5" if file.by_keras3 else "legacy-h5", built.notes + notes


def rebuild(file: LegacyFile, context: Context, fix_input: FixInput) -> BuiltNetwork:
    """Rebuilds the network of a file, without its weights."""
    class_name, config = file.config.get("class_name"), file.config.get("config")
    if not isinstance(class_name, str) or not isinstance(config, (dict, list)) or not config:
        raise InputError("the file describes no network (model_config is incomplete): save the model again")
    functional = isinstance(config, list) or "layers" in config
    if not functional:
        raise InputError(
            f"the model is a subclass of keras.Model ({class_name}), which is stored without its network: "
            "save it as a SavedModel folder (model.export) and give that"
        )
    try:
        built = build_network(class_name, config, replace(context, by_keras3=file.by_keras3), fix_input)
    except DAMAGE as error:
        raise damaged_description(error) from error
    half = next((name for name in ("mixed_float16", "mixed_bfloat16") if f"'{name}'" in repr(config)), None)
    notes = (f"the model computes in {half}; it is opened, and exported, as float32",) if half else ()
    return replace(built, notes=(*built.notes, *notes))


def damaged_description(error: BaseException) -> InputError:
    """The error for a network's description that is not what any version of Keras writes."""
    return InputError(
        f"the network's description in the file is damaged ({type(error).__name__}: {first_line(error)}): "
        "save the model again"
    )
