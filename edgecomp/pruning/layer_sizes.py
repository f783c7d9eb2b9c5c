"""What a layer's configuration becomes when channels go: one function per kind of layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .kept import Kept

Config = Mapping[str, Any]
Changes = dict[str, Any]


def resized(operation: Any, kept: Kept) -> Changes:
    """The entries of a layer's configuration that are others for the channels that stay.

    Args:
        operation: the layer, or an operation of `keras.ops`.
        kept: which channels stay in a call of it.

    Returns:
        the changed entries; none for layers that take their sizes from what they are called with.
    """
    rule = _RULES.get(type(operation).__name__)
    return {} if rule is None or kept.is_everything else rule(operation.get_config(), kept)


def _count(kept: np.ndarray) -> int:
    return int(kept.sum())


def _outputs(entry: str) -> Callable[[Config, Kept], Changes]:
    """The rule of layers with an entry for how many channels they give."""
    return lambda config, kept: {entry: _count(kept.outputs[0])}


def _convolution(config: Config, kept: Kept) -> Changes:
    """Filters; where whole groups go, also groups: those of which anything stays."""
    groups = kept.inputs[0].reshape(config["groups"], -1)
    return {"filters": _count(kept.outputs[0]), "groups": int(groups.any(axis=1).sum())}


def _shape(*entries: str) -> Callable[[Config, Kept], Changes]:
    """The rule of layers with an entry for the shape they give, called one of `entries`; -1 finds its size itself."""

    def rule(config: Config, kept: Kept) -> Changes:
        entry = next(one for one in entries if one in config)
        shape = np.atleast_1d(config[entry]).tolist()
        return {} if shape[-1] == -1 else {entry: [*shape[:-1], _count(kept.outputs[0])]}

    return rule


def _group_normalization(config: Config, kept: Kept) -> Changes:
    """A group per channel stays one per channel."""
    return {"groups": _count(kept.inputs[0])} if config["groups"] == kept.inputs[0].size else {}


def _split(config: Config, kept: Kept) -> Changes:
    """Parts of the last axis may become of different sizes, so where they begin is said."""
    sizes = [_count(one) for one in kept.outputs]
    parts_channels = sum(one.size for one in kept.outputs) == kept.inputs[0].size
    return {"indices_or_sections": np.cumsum(sizes[:-1]).tolist()} if parts_channels and len(sizes) > 1 else {}


def _attention(config: Config, kept: Kept) -> Changes:
    """By default attention gives as many channels as the query has; these may now be cut apart from each other."""
    shape = config["output_shape"]
    ahead = [] if shape is None else np.atleast_1d(shape).tolist()[:-1]
    return {"output_shape": [*ahead, _count(kept.outputs[0])]}


def _bidirectional(config: Config, kept: Kept) -> Changes:
    """Both directions have the same units, which stand behind one another or in one another's place."""
    units = np.split(kept.outputs[0], 2)[0] if config["merge_mode"] == "concat" else kept.outputs[0]
    return {entry: _inside(config[entry], Kept(kept.inputs, (units,))) for entry in ("layer", "backward_layer")}


def _wrapped(entry: str) -> Callable[[Config, Kept], Changes]:
    """The rule of layers whose sizes are those of the one layer in them."""
    return lambda config, kept: {entry: _inside(config[entry], kept)}


def _inside(serialized: Config, kept: Kept) -> Changes:
    """The configuration of a layer in a wrapper, as Keras writes it: with its class beside it."""
    rule = _RULES.get(serialized["class_name"])
    changes = {} if rule is None or kept.is_everything else rule(serialized["config"], kept)
    return {**serialized, "config": {**serialized["config"], **changes}}


_FILTERS = _outputs("filters")
_UNITS = _outputs("units")
_RULES: dict[str, Callable[[Config, Kept], Changes]] = {
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv1DTranspose": _FILTERS,
    "Conv2DTranspose": _FILTERS,
    "Conv3DTranspose": _FILTERS,
    "SeparableConv1D": _FILTERS,
    "SeparableConv2D": _FILTERS,
    "ConvLSTM1D": _FILTERS,
    "ConvLSTM2D": _FILTERS,
    "ConvLSTM3D": _FILTERS,
    "Dense": _UNITS,
    "SimpleRNN": _UNITS,
    "GRU": _UNITS,
    "LSTM": _UNITS,
    "SimpleRNNCell": _UNITS,
    "GRUCell": _UNITS,
    "LSTMCell": _UNITS,
    "EinsumDense": _shape("output_shape"),
    "MultiHeadAttention": _attention,
    "Embedding": _outputs("output_dim"),
    "Bidirectional": _bidirectional,
    "TimeDistributed": _wrapped("layer"),
    "RNN": _wrapped("cell"),
    "GroupNormalization": _group_normalization,
    "LayerScale": _outputs("projection_dim"),
    "Reshape": _shape("target_shape", "newshape"),
    "BroadcastTo": _shape("shape"),
    "Split": _split,
}
"""By the name of the class. A Reshape is a layer or an operation, which call their entry differently."""
