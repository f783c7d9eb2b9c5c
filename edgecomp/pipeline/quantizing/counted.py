"""The weights of a finished file, counted."""

from __future__ import annotations

from math import nan

import numpy as np

from ...tflite import read_tflite
from .weights import ChosenWeights

WEIGHTED = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}
"""Place of the weights among the inputs."""


def counted_weights(file: bytes) -> ChosenWeights:
    """What weights take: zeros, values, and bits by how common each value is in its layer.

    Args:
        file: a .tflite with integer weights.
    """
    from ...quantize.coarsen.coarsen import CoarsenedLayer
    from ...transport import encode

    graph = read_tflite(file).main
    layers: dict[int, CoarsenedLayer] = {}
    for operator in graph.operators:
        place = WEIGHTED.get(operator.name)
        tensor = graph.tensors[operator.inputs[place]] if place is not None else None
        if tensor is None or not tensor.is_constant or tensor.dtype not in ("int8", "int4"):
            continue
        values, counts = np.unique(tensor.values(), return_counts=True)
        shares = counts / counts.sum()
        layers[tensor.index] = CoarsenedLayer(
            name=graph.tensors[operator.outputs[0]].name,
            weights=int(counts.sum()),
            zeros=int(counts[values == 0].sum()),
            values=len(values),
            bits=float(-(counts * np.log2(shares)).sum()),
            output_db=nan,
        )
    weights = sum(one.weights for one in layers.values())
    bits = sum(one.bits for one in layers.values()) / max(1, weights)
    return ChosenWeights(tuple(layers.values()), bits, None, (), len(encode(file)))
