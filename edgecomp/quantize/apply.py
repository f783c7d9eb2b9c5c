"""Quantizing a float .tflite with ranges chosen elsewhere. Runs in a worker process."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..errors import EdgecompError
from ..tflite import read_tflite
from .floors import widen_narrow
from .ranges import Ranges
from .schemes import NEEDS_CALIBRATION, Io, Scheme


class QuantizeError(EdgecompError):
    """The quantizer could not make the file."""


def quantize(model: bytes, *, scheme: Scheme, io: Io, ranges: Ranges | None = None) -> bytes:
    """Makes the quantized .tflite.

    Args:
        model: a float .tflite with a signature.
        scheme: the number format.
        io: "int8" for integer inputs and outputs where the scheme has integer activations (int16 for int16x8);
            "float" keeps float32 at the edges.
        ranges: of every float tensor; needed by the schemes in `NEEDS_CALIBRATION`.

    Raises:
        QuantizeError: a range is missing, or the quantizer fails.
    """
    if scheme == "float32":
        return model
    from litert_quantizer import Quantizer

    if scheme not in NEEDS_CALIBRATION:
        ranges = None
    elif not ranges:
        raise QuantizeError(f"the scheme {scheme} needs the ranges of activations, and none were observed")
    quantizer = Quantizer(model)
    _CONFIGURE[scheme](quantizer)
    if scheme in NEEDS_CALIBRATION:
        _keep_loops_float(quantizer, model)
        if io == "float":
            _keep_edges_float(quantizer)
    calibration = [_calibration(widen_narrow(read_tflite(model), ranges))] if ranges else []
    try:
        result = quantizer.quantize(*calibration)
    except (ValueError, RuntimeError) as error:
        raise QuantizeError(f"the quantizer could not make {scheme}: {error}") from error
    return bytes(result.quantized_model)


def _calibration(ranges: Ranges) -> dict[str, dict[str, np.ndarray]]:
    """Ranges as the quantizer wants them."""
    return {
        name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
        for name, (low, high) in ranges.items()
    }


def _int8(quantizer: Any) -> None:
    from litert_quantizer.qtyping import TFLOperationName

    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)


def _int16x8(quantizer: Any) -> None:
    from litert_quantizer.qtyping import TFLOperationName

    quantizer.add_static_config(".*", TFLOperationName.ALL_SUPPORTED, activation_num_bits=16, weight_num_bits=8)


def _dynamic(quantizer: Any) -> None:
    from litert_quantizer.qtyping import TFLOperationName

    quantizer.add_dynamic_config(".*", TFLOperationName.ALL_SUPPORTED, num_bits=8)


def _float16(quantizer: Any) -> None:
    from litert_quantizer import qtyping
    from litert_quantizer.algorithm_manager import AlgorithmName

    half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    config = qtyping.OpQuantizationConfig(
        weight_tensor_config=half, compute_precision=qtyping.ComputePrecision.FLOAT, explicit_dequantize=True
    )
    quantizer.update_quantization_recipe(
        ".*", qtyping.TFLOperationName.ALL_SUPPORTED, config, algorithm_key=AlgorithmName.FLOAT_CASTING
    )


def _keep_edges_float(quantizer: Any) -> None:
    from litert_quantizer.algorithm_manager import AlgorithmName
    from litert_quantizer.qtyping import TFLOperationName

    for edge in (TFLOperationName.INPUT, TFLOperationName.OUTPUT):
        quantizer.update_quantization_recipe(".*", edge, algorithm_key=AlgorithmName.NO_QUANTIZE)


def _keep_loops_float(quantizer: Any, model: bytes) -> None:
    """Leaves the bodies of control flow (recurrent layers) at float: a loop's state has no fixed range to quantize."""
    from litert_quantizer.algorithm_manager import AlgorithmName
    from litert_quantizer.qtyping import TFLOperationName

    for graph in read_tflite(model).subgraphs[1:]:
        for tensor in graph.tensors:
            scope = f"^{re.escape(tensor.name)}(;|$)"
            quantizer.update_quantization_recipe(
                scope, TFLOperationName.ALL_SUPPORTED, algorithm_key=AlgorithmName.NO_QUANTIZE
            )


_CONFIGURE = {"int8": _int8, "int16x8": _int16x8, "dynamic": _dynamic, "float16": _float16}
