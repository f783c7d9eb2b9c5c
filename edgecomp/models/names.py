"""Names of layers: those Keras 3 takes, and those .keras files use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any


def clean_name(name: str) -> str:
    """A layer name that Keras 3 takes: it uses "/" for paths."""
    return name.replace("/", "_")


def unique_names(names: list[str]) -> dict[str, str]:
    """Maps each name to one Keras 3 takes, all different."""
    taken: set[str] = set()
    mapping: dict[str, str] = {}
    for name in names:
        candidate, counter = clean_name(name), 0
        while candidate in taken:
            counter += 1
            candidate = f"{clean_name(name)}_{counter}"
        taken.add(candidate)
        mapping[name] = candidate
    return mapping


def archive_names(class_names: Sequence[str]) -> list[str]:
    """What layers of these classes, in this order, are called inside a .keras file: `conv2d`, `conv2d_1`, ..."""
    seen: Counter[str] = Counter()
    names = []
    for class_name in class_names:
        name = snake_case(class_name.rsplit(">", 1)[-1])
        names.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def snake_case(class_name: str) -> str:
    """`SeparableConv2D` as `separable_conv2d`, as Keras names things after classes."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def name_operations(result: Any, arguments: Any, name: str, taken: set[str]) -> None:
    """Gives the operations behind `result` names of the file, so that none equals another layer's name."""
    stop = {id(one) for one in _tensors(arguments)}
    waiting = [one for one in _tensors(result) if id(one) not in stop]
    named: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        operation, node_index, _ = tensor._keras_history
        if id(operation) in named:
            continue
        candidate = name if not named else f"{name}_{len(named)}"
        while named and candidate in taken:
            candidate += "_"
        operation.name = candidate
        named.add(id(operation))
        node = operation._inbound_nodes[node_index]
        waiting.extend(one for one in node.input_tensors if id(one) not in stop)


def _tensors(value: Any) -> list[Any]:
    if hasattr(value, "_keras_history"):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for one in value for tensor in _tensors(one)]
    return []
