"""What became of the weights, in the shape of report.json."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Any

from ...tflite import layer_of
from ..quantizing.quantized import Quantized


def weights_data(made: Quantized, keras_layers: tuple[str, ...]) -> dict[str, Any] | None:
    """Bits and zeros over all and layer by layer; None where weights are as quantization left them."""
    chosen = made.weights
    if chosen is None:
        return None
    return {
        "bits_per_weight": chosen.bits,
        "zeros": chosen.zeros,
        "transport_bytes": chosen.transport_bytes,
        "price": chosen.price,
        "tried": [asdict(one) for one in chosen.tried],
        "layers": [_layer(one, keras_layers) for one in chosen.layers],
    }


def _layer(one: Any, keras_layers: tuple[str, ...]) -> dict[str, Any]:
    return {
        "layer": layer_of(one.name, keras_layers) or one.name,
        "weights": one.weights,
        "zeros": one.zeros,
        "values": one.values,
        "bits_per_weight": one.bits / one.weights,
        "output_db": one.output_db if isfinite(one.output_db) else None,
    }
