"""Mixed precision for a network that exists already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def mixed_precision(*networks: Any, wanted: bool) -> Iterator[None]:
    """Lets float32 layers compute in bfloat16 for a while; their weights stay float32.

    bfloat16 has the range of float32, so that losses need no scaling. Layers that give a network's outputs are left as
    they are: probabilities near 1 need more digits.

    Args:
        networks: Keras models; layers that are no layers of Keras compute as they did.
        wanted: whether to do anything.
    """
    layers = [layer for network in networks for layer in _inner_layers(network)] if wanted else []
    changed = [
        (layer, layer.dtype_policy)
        for layer in layers
        if type(layer).__module__.startswith("keras.") and layer.dtype_policy.name == "float32" and not _nested(layer)
    ]
    try:
        for layer, _ in changed:
            layer.dtype_policy = "mixed_bfloat16"
        yield
    finally:
        for layer, policy in changed:
            layer.dtype_policy = policy


def _inner_layers(network: Any) -> list[Any]:
    last = {id(tensor._keras_history.operation) for tensor in getattr(network, "outputs", None) or ()}
    return [layer for layer in network._flatten_layers() if id(layer) not in last]


def _nested(layer: Any) -> bool:
    """Networks in networks cast nothing themselves."""
    return bool(getattr(layer, "layers", None))
