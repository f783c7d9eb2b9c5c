"""A network rebuilt from a file, together with what the file calls its layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class BuiltLayer:
    """A layer that was made, with what its weights in the file need to know.

    Args:
        name: the layer's name in the file.
        class_name: the layer's class in the file.
        trainable: the flag in the file; Keras 2 stores trainable weights before the others.
        layer: the Keras 3 layer or network; None where ops took its place.
        archive_name: what the layer is called in the weights of a .keras file.
        children: the layers of a nested network, in the file's order; empty for a single layer.
    """

    name: str
    class_name: str
    trainable: bool
    layer: Any | None
    archive_name: str = ""
    children: tuple[BuiltLayer, ...] = ()


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A network as rebuilt: the Keras 3 model, and its layers as the file names them.

    Args:
        model: the Keras 3 model.
        layers: in the file's order; those the outputs do not need are left out.
        unused: names of the layers that were left out.
        notes: sentences a user should read.
    """

    model: Any
    layers: tuple[BuiltLayer, ...]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
