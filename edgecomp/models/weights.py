"""Puts the weights of a legacy .h5 file into a rebuilt network, and proves that each found its place.

Keras 2 stores weights by the top-level layer, in order; a nested network's are flat, the trainable ones of all its
layers first. Order alone has misled other readers, so every weight is also compared by name and by shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from .built import BuiltLayer
from .cudnn import CUDNN_GATES, from_cudnn
from .h5_file import StoredWeight

# The state of random generators, which some versions stored beside weights; nothing at inference.
_RANDOM_STATE = frozenset({"StateVar", "seed_generator_state", "rng_state"})

# Names Keras itself gives to weights. Only these are compared: custom layers and old versions use others.
# `alpha` (PReLU) and the like are left out: versions differ.
_CONVOLUTION = ("kernel", "bias", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")
_STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "count")
_KNOWN_NAMES = frozenset(_CONVOLUTION + _STATISTICS)


@dataclass(frozen=True, eq=False)
class Target:
    """A variable of the rebuilt network, with what the file may call it.

    Args:
        variable: the Keras 3 variable.
        layer: the layer's name in the file.
        leaf: the variable's own name, such as `kernel`.
        trainable: whether Keras 2 counted it among the trainable weights.
        position: of the layer in the network.
        class_name: of the layer in the file; of the wrapped one, where it is recurrent.
    """

    variable: Any
    layer: str
    leaf: str
    trainable: bool
    position: int
    class_name: str

    def answers_to(self, leaf: str) -> bool:
        """Whether the file may call the variable `leaf`; Keras 2 has `depthwise_kernel` for Keras 3's `kernel`."""
        return leaf == self.leaf or (leaf == f"depthwise_{self.leaf}" and self.class_name.startswith("DepthwiseConv"))


def assign_weights(
    layers: Sequence[BuiltLayer], unused: Sequence[str], stored: dict[str, tuple[StoredWeight, ...]]
) -> tuple[str, ...]:
    """Assigns every weight of a file to the network rebuilt from it.

    Args:
        layers: the top-level layers of the network.
        unused: names of layers the network's outputs do not need; their weights are left out.
        stored: weights by the layer's name in the file.

    Returns:
        sentences a user should read.

    Raises:
        InputError: a weight is missing, left over, or does not fit.
    """
    for layer in layers:
        assign_layer(layer, stored.get(layer.name, ()))
    known = {layer.name for layer in layers}
    left_over = [name for name, weights in stored.items() if name not in known and _without_random_state(weights)]
    unexplained = [name for name in left_over if name not in unused]
    if unexplained:
        raise InputError(
            f"the file has weights for the layer {unexplained[0]}, which the network in it does not have: "
            "save the model again"
        )
    return tuple(f"the layer {name} does not lead to an output and was left out" for name in left_over)


def assign_layer(layer: BuiltLayer, stored: Sequence[StoredWeight]) -> None:
    """Assigns one top-level layer's weights.

    Raises:
        InputError: the number, the names or the shapes do not fit.
    """
    stored = _without_random_state(stored)
    targets = list(targets_of(layer))
    if len(stored) != len(targets):
        raise InputError(
            f"the layer {layer.name} needs {len(targets)} weights, but the file has {len(stored)} for it: "
            "save the model again with the version that wrote it"
        )
    fitted = _by_name(targets, stored) or _by_order(targets, stored)
    if fitted is None:
        expected = ", ".join(f"{one.leaf}{tuple(one.variable.shape)}" for one in targets[:6])
        found = ", ".join(f"{one.leaf}{one.value.shape}" for one in stored[:6])
        raise InputError(
            f"the weights of the layer {layer.name} do not fit: it needs {expected}; the file has {found}. Save "
            "the model again"
        )
    for target, value in fitted:
        target.variable.assign(value)
    _finish(layer)


def targets_of(layer: BuiltLayer) -> tuple[Target, ...]:
    """The variables of a layer in the order in which Keras 2 stores them."""
    leaves = list(_leaves(layer))
    everything = [target for position, leaf in enumerate(leaves) for target in _layer_targets(leaf, position)]
    first = [target for target in everything if target.trainable]
    return tuple(first + [target for target in everything if not target.trainable])


def _leaves(layer: BuiltLayer) -> list[BuiltLayer]:
    if not layer.children:
        return [layer]
    return [leaf for child in layer.children for leaf in _leaves(child)]


def _layer_targets(layer: BuiltLayer, position: int) -> list[Target]:
    if layer.layer is None:
        return []
    seeds = {id(variable) for variable in _seed_variables(layer.layer)}
    kept = [variable for variable in layer.layer.weights if id(variable) not in seeds]
    trainable = {id(variable) for variable in layer.layer.trainable_weights}
    return [
        Target(
            variable=one,
            layer=layer.name,
            leaf=str(one.path).rsplit("/", 1)[-1],
            trainable=layer.trainable and id(one) in trainable,
            position=position,
            class_name=layer.class_name,
        )
        for one in kept
    ]


def _seed_variables(layer: Any) -> list[Any]:
    return [variable for variable in layer.variables if "seed_generator" in variable.path]


def _without_random_state(stored: Sequence[StoredWeight]) -> list[StoredWeight]:
    return [weight for weight in stored if weight.leaf not in _RANDOM_STATE]


def _by_name(targets: Sequence[Target], stored: Sequence[StoredWeight]) -> list[tuple[Target, np.ndarray]] | None:
    """Pairs by layer name and weight name, where that is possible without doubt."""
    wanted = {(target.layer, target.leaf): target for target in targets}
    if len(wanted) != len(targets):
        return None
    pairs: dict[tuple[str, str], tuple[Target, np.ndarray]] = {}
    for weight in stored:
        parts = set(weight.name.split("/")[:-1])
        candidates = [
            key for key, one in wanted.items() if one.answers_to(weight.leaf) and _named(key[0], weight.name, parts)
        ]
        if len(candidates) != 1 or candidates[0] in pairs:
            return None
        value = _fit(weight.value, wanted[candidates[0]])
        if value is None:
            return None
        pairs[candidates[0]] = (wanted[candidates[0]], value)
    return list(pairs.values())


def _named(layer: str, weight_name: str, parts: set[str]) -> bool:
    return layer in parts or ("/" in layer and f"/{weight_name}".find(f"/{layer}/") >= 0)


def _by_order(targets: Sequence[Target], stored: Sequence[StoredWeight]) -> list[tuple[Target, np.ndarray]] | None:
    """Pairs in the order Keras 2 loads in, or in the order of layers, whichever fits in names and shapes."""
    by_layer = sorted(targets, key=lambda target: target.position)
    for order in (list(targets), by_layer):
        pairs = [(target, _fit(weight.value, target)) for target, weight in zip(order, stored, strict=True)]
        fits = all(value is not None for _, value in pairs)
        if fits and all(_same_leaf(target, weight) for target, weight in zip(order, stored, strict=True)):
            return [(target, value) for target, value in pairs if value is not None]
    return None


def _same_leaf(target: Target, weight: StoredWeight) -> bool:
    return target.answers_to(weight.leaf) or weight.leaf not in _KNOWN_NAMES or target.leaf not in _KNOWN_NAMES


def _fit(value: np.ndarray, target: Target) -> np.ndarray | None:
    """The value as the variable needs it, or None where it cannot be."""
    if target.class_name in CUDNN_GATES:
        value = from_cudnn(value, target.leaf, CUDNN_GATES[target.class_name])
    return value if value.shape == tuple(target.variable.shape) else None


def _finish(layer: BuiltLayer) -> None:
    """Normalization computes from its weights once, not at each call."""
    for leaf in _leaves(layer):
        finalize = getattr(leaf.layer, "finalize_state", None)
        if finalize is not None:
            finalize()
