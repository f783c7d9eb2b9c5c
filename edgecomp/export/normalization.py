"""A leading `Normalization` layer of a table's model, moved out of the network and into the preprocessing contract.

An int8 input has one scale for all columns. Where one column is in thousands and another in hundredths, the latter
would be rounded to nothing before the layer inside the network could scale it. Scaled before it is quantized, each
column keeps its resolution. The contract does that on the device as it does in calibration and evaluation.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract, InputContract

from ..models.opened import OpenedModel
from .graph import reference_outputs

FEWEST_STEPS = 16
"""A column whose standard deviation spans fewer quantization steps than this loses too much: below 35 dB are left."""

INT8_STEPS = 255
CHECKED_SAMPLES = 8
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Scaling:
    """`(value - mean) / std`, column by column; float64, shape [columns]."""

    mean: np.ndarray
    std: np.ndarray


@dataclass(frozen=True)
class Moved:
    """A model whose input scaling is somebody else's job now.

    Args:
        original: the model as opened.
        model: the model without the layers that were moved; the very model where there were none to move.
        scalings: what has to be applied to its inputs, by name.
    """

    original: OpenedModel
    model: OpenedModel
    scalings: Mapping[str, Scaling] = field(default_factory=dict)

    def scaled(self, contract: Contract) -> Contract:
        """The contract with the moved scalings after its own."""
        return replace(contract, inputs=tuple(self._scaled(one) for one in contract.inputs))

    def _scaled(self, one: InputContract) -> InputContract:
        scaling = self.scalings.get(one.name)
        if scaling is None:
            return one
        own_mean, own_std = np.asarray(one.mean), np.asarray(one.std)
        mean, std = own_mean + scaling.mean * own_std, scaling.std * own_std
        return replace(one, mean=tuple(mean.tolist()), std=tuple(std.tolist()))


def move_normalization(model: OpenedModel) -> Moved:
    """Moves a `Normalization` layer right behind an input of shape [1, columns], where int8 would lose columns."""
    if model.keras_model is None:
        return Moved(model, model)
    graph = getattr(model.keras_model, "_functional", None) or model.keras_model
    found = {
        spec.name: (position, layer)
        for position, spec in enumerate(model.inputs)
        if len(spec.shape) == 2
        and spec.dtype == "float32"
        and (layer := _only_reader(graph, graph.inputs[position])) is not None
    }
    scalings = {
        name: scaling
        for name, (position, layer) in found.items()
        if (scaling := _scaling(layer, model.inputs[position].shape[1])) and _loses(scaling)
    }
    if not scalings:
        return Moved(model, model)
    cut = _cut(graph, {found[name][0]: found[name][1] for name in scalings})
    if cut is None:
        return Moved(model, model)
    told = (
        f"the Normalization layer of {', '.join(scalings)} was moved into the preprocessing contract, because its "
        "columns differ too much in scale for one int8 input: a bundle applies it, and so must code that feeds the "
        ".tflite itself"
    )
    without = replace(model, keras_model=cut, warnings=(*model.warnings, told))
    return Moved(model, without, scalings) if _same(model, without, scalings) else Moved(model, model)


def _only_reader(graph: Any, tensor: Any) -> Any | None:
    """The `Normalization` layer that is the only reader of an input."""
    import keras

    readers = [operation for operation in graph.operations if _calls_on(operation, tensor)]
    if len(readers) != 1 or not isinstance(readers[0], keras.layers.Normalization) or readers[0].invert:
        return None
    return readers[0]


def _calls_on(layer: Any, tensor: Any) -> list[Any]:
    """The outputs of a layer's calls on a tensor; a Sequential model that was rebuilt has several."""
    calls = (node for node in layer._inbound_nodes if any(one is tensor for one in node.input_tensors))
    return [node.outputs[0] for node in calls]


def _scaling(layer: Any, columns: int) -> Scaling | None:
    import keras

    mean, variance = (np.asarray(keras.ops.convert_to_numpy(one), np.float64) for one in (layer.mean, layer.variance))
    std = np.maximum(np.sqrt(variance), keras.config.epsilon())
    if mean.size not in (1, columns):
        return None
    return Scaling(np.broadcast_to(mean.reshape(-1), columns), np.broadcast_to(std.reshape(-1), columns))


def _loses(scaling: Scaling) -> bool:
    """Whether one scale for all columns would leave some column too few steps."""
    low, high = (scaling.mean - 3 * scaling.std).min(), (scaling.mean + 3 * scaling.std).max()
    return bool(scaling.std.min() < FEWEST_STEPS * (high - low) / INT8_STEPS)


def _cut(graph: Any, layers: Mapping[int, Any]) -> Any:
    """The network from the layers' outputs on, the other inputs as they were; None where there is no way through."""
    import keras

    choices = [
        _calls_on(layers[position], tensor) if position in layers else [tensor]
        for position, tensor in enumerate(graph.inputs)
    ]
    for inputs in itertools.product(*choices):
        try:
            return keras.Model(list(inputs) if len(inputs) > 1 else inputs[0], graph.outputs, name=graph.name)
        except ValueError:  # the outputs come from another call of the layer
            continue
    return None


def _same(original: OpenedModel, cut: OpenedModel, scalings: Mapping[str, Scaling]) -> bool:
    """Whether both compute the same for random values of the scales that the layers were made for."""
    run_original, run_cut = reference_outputs(original), reference_outputs(cut)
    rng = np.random.default_rng(0)
    for _ in range(CHECKED_SAMPLES):
        scaled = {spec.name: rng.standard_normal(spec.shape).astype(spec.dtype) for spec in cut.inputs}
        raw = {name: _unscaled(values, scalings.get(name)) for name, values in scaled.items()}
        for wanted, got in zip(run_original(raw), run_cut(scaled), strict=True):
            if not np.allclose(wanted, got, rtol=TOLERANCE, atol=TOLERANCE * float(np.abs(wanted).max())):
                return False
    return True


def _unscaled(values: np.ndarray, scaling: Scaling | None) -> np.ndarray:
    return values if scaling is None else (values * scaling.std + scaling.mean).astype(values.dtype)
