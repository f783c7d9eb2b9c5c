"""Puts the weights of a .keras archive by Keras 2 into a rebuilt network.

The layout: `layers/<class>_<n>/vars/0`, `vars/1`, ... (TensorFlow 2.12 says `_layer_checkpoint_dependencies` for
`layers`); n counts layers of a class in the file's order. Parts of a layer are groups named after its attributes,
such as `forward_layer/cell/vars/0`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError
from .built import BuiltLayer, BuiltNetwork
from .h5_file import read_dataset
from .names import archive_names

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_NO_WEIGHTS = ("optimizer", "metrics", "compile_metrics", "seed_generator", "generator", "_random_generator")


def assign_archive(built: BuiltNetwork, path: Path) -> tuple[str, ...]:
    """Assigns every weight of an archive to the network rebuilt from it.

    Args:
        built: the network; its layers carry the names they have in the archive.
        path: the archive's weights, HDF5.

    Returns:
        sentences a user should read.

    Raises:
        InputError: a weight is missing, left over, or does not fit.
    """
    import h5py

    with h5py.File(path, "r") as file:
        used = _assign_layers(built.layers, file, "the network")
    if not built.unused and used != (found := count_weights(path)):
        raise InputError(
            f"the file has {found} weights, but the network in it took {used}: save the model again with the version "
            "that wrote it"
        )
    return tuple(f"the layer {name} does not lead to an output and was left out" for name in built.unused)


def count_weights(path: Path) -> int:
    """How many weights of layers an archive holds; the optimizer's and random generators' do not count."""
    import h5py

    found: list[str] = []

    def visit(name: str, item: Any) -> None:
        parts = name.split("/")
        if isinstance(item, h5py.Dataset) and "vars" in parts and not set(parts) & set(_NO_WEIGHTS):
            if item.dtype.kind in "iu" and item.ndim == 1:
                return  # the state of a random generator
            found.append(name)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return len(found)


def _assign_layers(layers: tuple[BuiltLayer, ...], group: Any, where: str) -> int:
    container = next((group[name] for name in _CONTAINERS if name in group), None)
    if container is None:
        if any(layer.layer is not None and layer.layer.weights for layer in layers):
            raise InputError(f"the file has no weights for {where}: save the model again")
        return 0
    return sum(_assign_layer(layer, container) for layer in layers)


def _assign_layer(layer: BuiltLayer, container: Any) -> int:
    if layer.layer is None or not layer.layer.weights:
        return 0
    if layer.archive_name not in container:
        raise InputError(f"the file has no weights for the layer {layer.name}: save the model again")
    group = container[layer.archive_name]
    if layer.children:
        return _assign_layers(layer.children, group, f"the layer {layer.name}")
    used = _assign_parts(layer.layer, group, layer.name)
    if hasattr(layer.layer, "finalize_state"):
        layer.layer.finalize_state()
    wanted = sum(1 for one in layer.layer.weights if "seed_generator" not in one.path)
    if used != wanted:
        raise InputError(
            f"the layer {layer.name} needs {wanted} weights, but the file has {used}: save the model again"
        )
    return used


def _assign_parts(layer: Any, group: Any, where: str) -> int:
    """Assigns a layer's own weights, then those of the layers it is made of."""
    parts = [part for name in group if name != "vars" for part in _parts(layer, group, name)]
    inner = {id(variable) for part, _ in parts for variable in part.weights}
    own = [variable for variable in layer.weights if id(variable) not in inner]
    stored = group.get("vars", {})
    names = sorted(stored, key=int)
    if len(names) != len(own):
        if not own or all(read_dataset(stored, name).dtype.kind in "iu" for name in names):
            names = []
        if len(names) != len(own):
            raise InputError(
                f"the layer {where} needs {len(own)} weights, but the file has {len(names)}: save the model again"
            )
    for variable, name in zip(own, names, strict=True):
        value = read_dataset(stored, name)
        if value.shape != tuple(variable.shape):
            raise InputError(
                f"a weight of the layer {where} is {value.shape} in the file, but must be {tuple(variable.shape)}: "
                "save the model again"
            )
        variable.assign(value)
    return len(own) + sum(_assign_parts(part, one, where) for part, one in parts)


def _parts(layer: Any, group: Any, name: str) -> list[tuple[Any, Any]]:
    """The layers behind one group: an attribute that is a layer, or each of a list of layers."""
    attribute = getattr(layer, "layers" if name in _CONTAINERS else name, None)
    if attribute is None:
        return []
    if hasattr(attribute, "weights"):
        return [(attribute, group[name])] if attribute.weights else []
    if not isinstance(attribute, (list, tuple)):
        return []
    names = archive_names([type(one).__name__ for one in attribute])
    return [(one, group[name][key]) for one, key in zip(attribute, names, strict=True) if key in group[name]]
