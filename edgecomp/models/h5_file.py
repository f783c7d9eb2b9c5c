"""Reads what a legacy .h5 model file holds: the network's description and its weights, as plain data.

The layout is that of Keras 2 (and of Keras 3, which still writes it): attributes `model_config` and
`keras_version`, and in the group `model_weights` one group a layer, with its attribute `weight_names`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .sniff import loads_json

_SAVE_AGAIN = "the file is damaged or was cut off: copy or save the model again"


@dataclass(frozen=True, eq=False)
class StoredWeight:
    """One weight as stored: its name in the file (such as `block1/conv/kernel:0`) and its values."""

    name: str
    value: np.ndarray

    @property
    def leaf(self) -> str:
        """The weight's own name, such as `kernel`: the last part, without `:0` and without a counter."""
        last = self.name.rsplit("/", 1)[-1].split(":", 1)[0]
        stem, _, counter = last.rpartition("_")
        return stem if stem and counter.isdigit() else last


@dataclass(frozen=True, eq=False)
class LegacyFile:
    """The contents of a legacy .h5 file.

    Args:
        config: the network's description (`model_config`).
        keras_version: of the Keras that wrote it; "" where the file does not say.
        backend: the backend that wrote it; "" where the file does not say.
        weights: by the layer's name in the file, in the file's order; layers without weights have an empty tuple.
    """

    config: dict[str, Any]
    keras_version: str
    backend: str
    weights: dict[str, tuple[StoredWeight, ...]]

    @property
    def by_keras3(self) -> bool:
        """Whether Keras 3 wrote the file."""
        return self.keras_version.split(".", 1)[0] == "3"


def read_legacy_h5(path: Path) -> LegacyFile:
    """Reads a whole-model .h5 file.

    Raises:
        InputError: the file is damaged, holds weights only, or is not a Keras file.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                raise InputError(_no_config(path, file))
            text = _text(file.attrs["model_config"])
            if "model_weights" not in file:
                raise InputError(f"{path} describes a model but holds no weights: save it again with model.save(...)")
            group = file["model_weights"]
            version = file.attrs.get("keras_version", group.attrs.get("keras_version", ""))
            backend = file.attrs.get("backend", group.attrs.get("backend", ""))
            return LegacyFile(
                config=loads_json(text, f"the model_config in {path}"),
                keras_version=_text(version),
                backend=_text(backend),
                weights=_read_layers(group),
            )
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read as HDF5 ({error}): {_SAVE_AGAIN}") from error


def _no_config(path: Path, file: Any) -> str:
    names = set(file)
    if "layer_names" in file.attrs or names & {"layers", "_layer_checkpoint_dependencies"} or "vars" in names:
        return (
            f"{path} holds weights only, without the network: build the model in Python, call "
            'model.load_weights(...), then model.save("model.keras"), and give that file'
        )
    return f"{path} is an HDF5 file, but no Keras model (it has no model_config)"


def _read_layers(group: Any) -> dict[str, tuple[StoredWeight, ...]]:
    layers = {name: _read_layer(group[name]) for name in _names(group, "layer_names") if name in group}
    if "top_level_model_weights" in group:
        top = _read_layer(group["top_level_model_weights"])
        if top:
            layers["top_level_model_weights"] = top
    return layers


def _read_layer(group: Any) -> tuple[StoredWeight, ...]:
    return tuple(StoredWeight(name, read_dataset(group, name)) for name in _names(group, "weight_names"))


def read_dataset(group: Any, name: str) -> np.ndarray:
    """Reads one array, refusing HDF5 features by which a file can pull in the contents of other files.

    Raises:
        InputError: the name is a link to, or data kept in, another file.
    """
    import h5py

    link = group.get(name, getlink=True)
    dataset = None if isinstance(link, h5py.ExternalLink) else group[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise InputError(f"the weight {name} is kept in another file, which is not allowed: save the model again")
    return np.asarray(dataset)


def _names(group: Any, key: str) -> list[str]:
    """The list of names in an attribute, which Keras splits into `key0`, `key1`, ... where it is long."""
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    chunks = itertools.takewhile(lambda chunk: chunk in group.attrs, (f"{key}{i}" for i in itertools.count()))
    return [_text(name) for chunk in chunks for name in group.attrs[chunk]]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value)
