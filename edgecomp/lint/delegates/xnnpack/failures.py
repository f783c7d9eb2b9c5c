"""Operators that the delegate takes and then cannot set up, so that the interpreter does not load the model at all.

XNNPACK's integer kernels rescale their sums by less than 256 (`requantization_scale >= 256.0f` in
https://github.com/google/XNNPACK/tree/master/src/operators), and join tensors without rescaling them.
"""

from __future__ import annotations

from ....tflite import Operator, Subgraph
from ..operands import Operands
from .decision import refusal
from .kinds import Reason, first, other_numbers, scale_of

_MOST = 256
# Where each operator has its input and its weights.
_WEIGHTED = {"CONV_2D": (0, 1), "DEPTHWISE_CONV_2D": (0, 1), "FULLY_CONNECTED": (0, 1), "TRANSPOSE_CONV": (2, 1)}


def failure(graph: Subgraph, operator: Operator) -> Reason:
    """Why setting up an operator fails, in words that follow "because"; None where it works or is left over."""
    if operator.name not in ("CONCATENATION", *_WEIGHTED) or refusal(graph, operator) is not None:
        return None
    operands = Operands.of(graph, operator)
    if operator.name == "CONCATENATION":
        return first(other_numbers(one, operands.result) for one in operands.inputs if one is not None)
    source, weights = (operands.input(place) for place in _WEIGHTED[operator.name])
    above, below = scale_of(source), scale_of(operands.result)
    if above is None or below is None or weights.quantization is None:
        return None
    if above * max(weights.quantization.scale) < _MOST * below:
        return None
    return f"the scales of its input and weights are more than {_MOST} times that of its output"
