"""Names a layer's variables, in the same way for every copy of the layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def layer_variables(layer: Any) -> dict[str, Any]:
    """A layer's weights by their path within the layer, in the layer's own order.

    Keras' own `Variable.path` will not do: it starts with whatever the layer was inside of when it was built, and
    counts what has no name, so it is another one in a copy. This path is made of the attributes that lead to the
    variable, without leading underscores: "kernel"; "cell/kernel" in an LSTM; "forward_layer/cell/kernel" in a
    Bidirectional; "query_dense/kernel" in an attention.

    Args:
        layer: a `keras.layers.Layer`, or an operation of `keras.ops`, which has no weights.

    Returns:
        each `keras.Variable` once, under the first path that leads to it. Random seeds are not weights.
    """
    named: dict[str, Any] = {}
    seen: set[int] = set()
    for path, variable in _walk(layer, ""):
        if id(variable) not in seen:
            seen.add(id(variable))
            named[path if path not in named else f"{path}_{len(named)}"] = variable
    return named


def _walk(layer: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    names = _attribute_names(layer)
    for variable in (*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())):
        yield prefix + names.get(id(variable), variable.name), variable
    for inner in getattr(layer, "_layers", ()):
        yield from _walk(inner, f"{prefix}{names.get(id(inner), inner.name)}/")


def _attribute_names(layer: Any) -> dict[int, str]:
    """What a layer calls the things it holds, by their ids; of a list's "name/0", "name/1"."""
    names: dict[int, str] = {}
    for attribute, value in vars(layer).items():
        name = attribute.lstrip("_")
        names.setdefault(id(value), name)
        if isinstance(value, (list, tuple)) and attribute not in _TRACKED:
            for index, one in enumerate(value):
                names.setdefault(id(one), f"{name}/{index}")
    return names


_TRACKED = ("_layers", "_trainable_variables", "_non_trainable_variables")
"""Keras' own lists, which do not say what anything is for."""
