"""Whether LiteRT.js can run a model at all, found out before anybody has typed a link into a phone."""

from __future__ import annotations

from edgecomp_runtime.model import Model
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError
from ..tflite.float_edges import INTEGERS
from ..tflite.model import TfliteModel

TAKEN = ("float32", "int32", "uint8")
"""Dtypes of tensors that LiteRT.js hands in and out."""


def require_known_operators(model: TfliteModel, name: str) -> None:
    """Refuses a model with operators that LiteRT.js does not bring along.

    Raises:
        InputError: there is one; the message names it.
    """
    missing = sorted({one.name for graph in model.subgraphs for one in graph.operators if one.custom})
    if missing:
        raise InputError(
            f"{name}: the browser lacks the operator(s) {', '.join(missing)}; LiteRT.js has the built-in ones only: "
            "change the layers that they come from"
        )


def require_known_edges(loaded: Model, name: str) -> None:
    """Refuses a model with tensors at its edges that LiteRT.js does not hand in or out, wrapped or not.

    Raises:
        InputError: there is one; the message names it.
    """
    for kind, tensors in (("input", loaded.inputs), ("output", loaded.outputs)):
        for one in tensors:
            if one.stored_dtype not in TAKEN and not is_wrapped(one):
                raise InputError(
                    f"{name}: {kind} {one.name} is {one.stored_dtype}, and LiteRT.js takes only {', '.join(TAKEN)} "
                    "tensors; convert the model with --target browser, or with --io float"
                )


def is_wrapped(tensor: Tensor) -> bool:
    """Whether a tensor of a model's edge gets a float one around it, since it stores quantized int8 or int16."""
    return tensor.stored_dtype in INTEGERS and tensor.quantized and tensor.dtype == "float32"
