"""The layers whose weights can be chosen anew: those that have integer weights of their own, and a fixed size."""

from __future__ import annotations

from ...tflite import read_tflite
from ..mend.bias import with_missing_biases
from ..mend.moments import FittedLayer, fitted_layer
from ..mend.weighted import weighted_layers


def fitted_layers(reference: bytes, quantized: bytes, samples: int) -> list[FittedLayer]:
    """In the order in which they run.

    Args:
        reference: the float .tflite.
        quantized: the file made from it; where layers lack a bias, they are looked at as if they had one.
        samples: how many they will be fitted on.
    """
    exact = read_tflite(reference).main
    file = with_missing_biases(exact, quantized)
    layers = weighted_layers(exact, read_tflite(file).main).values()
    return [found for layer in layers if (found := fitted_layer(layer, samples)) is not None]
