"""Quantizing a float .tflite with ranges chosen elsewhere. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ...errors import EdgecompError
from ...tflite import TfliteModel, read_tflite
from ..ranges.choice import Ranges
from ..schemes import INTEGERS, NEEDS_CALIBRATION, Io, Scheme
from .floors import WEIGHTED, drop_idle_clamps, weight_bounds, widen_narrow
from .rewrite import rewrite
from .rules import recipe
from .stand_ins import with_own_names, with_stand_ins


class QuantizeError(EdgecompError):
    """The quantizer could not make the file."""


def quantize(
    model: bytes,
    *,
    scheme: Scheme,
    io: Io,
    ranges: Ranges | None = None,
    float_operators: Collection[str] = (),
    float_outputs: bool = False,
    symmetric_activations: bool = False,
    per_tensor_weights: bool = False,
    weight_reach: Mapping[str, np.ndarray] | None = None,
) -> bytes:
    """Makes the quantized .tflite.

    Args:
        model: a float .tflite with a signature.
        scheme: the number format.
        io: "int8" for integer inputs and outputs where the scheme has integer activations (int16 for int16x8);
            "float" keeps float32 at the edges.
        ranges: of every float tensor; needed by the schemes in `NEEDS_CALIBRATION`.
        float_operators: names of output tensors of the main graph; the operators that compute them stay as they are.
            What they take and give is converted around them, the inputs and outputs of the graph are as `io` says.
        float_outputs: whether the graph gives float32 although it takes integers.
        symmetric_activations: whether integer activations have a zero point of 0, but for those whose zero point a
            kernel fixes (the outputs of SOFTMAX and LOGISTIC). Costs a bit behind every ReLU.
        per_tensor_weights: whether all output channels of a layer share one scale; for schemes with integer
            activations, since the others have no kernels for it.
        weight_reach: magnitudes that the integers of weights are to reach at least, by name, where they are given: of
            the weights' rank, 1 along each axis but that of the channels.

    Raises:
        QuantizeError: a range is missing, no operator computes one of `float_operators`, the scheme has no weights
            per tensor, or the quantizer fails.
    """
    if scheme == "float32":
        return model
    from litert_quantizer import Quantizer

    _check_scheme(scheme, ranges, per_tensor_weights=per_tensor_weights)
    content = read_tflite(model)
    _check_computed(content, float_operators)
    rules = recipe(
        content,
        scheme,
        float_operators=float_operators,
        float_inputs=io == "float",
        float_outputs=io == "float" or float_outputs,
        symmetric_activations=symmetric_activations,
        per_tensor_weights=per_tensor_weights,
    )
    own: dict[str, str] = {}
    calibration = None
    bits = INTEGERS[scheme].activations if scheme in INTEGERS else None
    if ranges and bits is not None:
        model, own = with_stand_ins(rewrite(model), bits)
        per_tensor = WEIGHTED if per_tensor_weights else INTEGERS[scheme].per_tensor
        calibration = _calibration(content, ranges, bits, per_tensor, weight_reach or {})
    try:
        result = Quantizer(model, rules).quantize(calibration)
    except (ValueError, RuntimeError) as error:
        raise QuantizeError(f"the quantizer could not make {scheme}: {error}") from error
    return drop_idle_clamps(with_own_names(bytes(result.quantized_model), own))


def _check_scheme(scheme: Scheme, ranges: Ranges | None, *, per_tensor_weights: bool) -> None:
    if scheme in NEEDS_CALIBRATION and not ranges:
        raise QuantizeError(f"the scheme {scheme} needs the ranges of activations, and none were observed")
    if per_tensor_weights and scheme in INTEGERS and scheme not in NEEDS_CALIBRATION:
        raise QuantizeError(
            f"the scheme {scheme} has no kernels for weights with one scale per tensor; choose int8 or float16"
        )


def _check_computed(model: TfliteModel, names: Collection[str]) -> None:
    graph = model.main
    computed = {tensor.name for operator in graph.operators for tensor in graph.tensors_of(operator.outputs)}
    if unknown := sorted(set(names) - computed):
        raise QuantizeError(f"no operator of the .tflite computes {unknown[0]!r}, which was to stay float")


def _calibration(
    content: TfliteModel, ranges: Ranges, bits: int, per_tensor: Collection[str], weight_reach: Mapping[str, np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """Ranges of activations, and magnitudes that weights' integers must reach, as the quantizer wants them."""
    widened = widen_narrow(content, ranges)
    magnitudes = weight_bounds(content, widened, bits=bits, per_tensor=per_tensor)
    for name, reach in weight_reach.items():
        magnitudes[name] = np.maximum(magnitudes.get(name, np.float32(0)), reach)
    activations = {
        name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
        for name, (low, high) in widened.items()
    }
    return activations | {name: {"min": -one, "max": one} for name, one in magnitudes.items()}
