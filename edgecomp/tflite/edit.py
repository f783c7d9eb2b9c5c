"""Edits of a .tflite that leave its operators as they are: its signature, its outputs, its constants' values, their
place in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edgecomp.errors import InputError

from .int4 import HIGHEST, LOWEST, pack_int4
from .model import Tensor
from .packing import AlignedBuffer, pack, schema, unpack
from .reader import read_tflite


def with_signature(
    data: bytes,
    inputs: Sequence[str],
    outputs: Sequence[str],
    key: str = "serving_default",
    *,
    compact: bool = True,
) -> bytes:
    """Names the inputs and outputs of the main graph, in place of any signature it has.

    Args:
        data: a .tflite file.
        inputs: a name for each input of subgraph 0, in the order the graph has them.
        outputs: likewise for its outputs.
        key: the signature's key, for `Interpreter.get_signature_runner(key)`.
        compact: see `packing.pack`.

    Returns:
        The file with the signature; signatures of other subgraphs are kept.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss; or the names are not unique,
            not as many as the graph has tensors, or empty.
    """
    model = unpack(data)
    graph = model.subgraphs[0]
    signature = schema().SignatureDefT(
        inputs=_tensor_maps("input", inputs, graph.inputs),
        outputs=_tensor_maps("output", outputs, graph.outputs),
        signatureKey=key,
        subgraphIndex=0,
    )
    others = [one for one in model.signatureDefs or () if one.subgraphIndex != 0]
    model.signatureDefs = [signature, *others]
    return pack(model, data, compact=compact)


def align_buffers(data: bytes) -> bytes:
    """Repacks a file so that each of its buffers starts at a multiple of 64 bytes.

    Args:
        data: a .tflite file.

    Returns:
        The same model; it computes the same values.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss.
    """
    return pack(unpack(data), data)


def with_constants(data: bytes, values: Mapping[int, np.ndarray]) -> bytes:
    """Gives constants of the main graph other values.

    A tensor that shares its buffer with others gets one of its own, so that only it changes.

    Args:
        data: a .tflite file.
        values: arrays of the tensors' shapes and dtypes, by tensor index; int8 from -8 to 7 for an int4 tensor.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss; or a tensor is no constant, or its
            array has another shape or dtype.
    """
    graph = read_tflite(data).main
    model = unpack(data)
    for index, array in values.items():
        model.buffers.append(constant_buffer(graph.tensors[index], array))
        model.subgraphs[0].tensors[index].buffer = len(model.buffers) - 1
    drop_unused_buffers(model)
    return pack(model, data)


def with_outputs(data: bytes, tensors: Sequence[int]) -> bytes:
    """Makes the main graph return other tensors, so that an interpreter shows their values, delegate or not.

    Args:
        data: a .tflite file.
        tensors: indices of computed tensors of the main graph.

    Returns:
        The file without signatures; its inputs stay in the order of `TfliteModel.inputs`.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss.
    """
    model = unpack(data)
    model.subgraphs[0].outputs = np.array(tensors, np.int32)
    model.signatureDefs = [one for one in model.signatureDefs or () if one.subgraphIndex != 0]
    return pack(model, data)


def with_activations(data: bytes, activations: Mapping[int, int]) -> bytes:
    """Gives operators of the main graph other fused activations.

    Args:
        data: a .tflite file.
        activations: codes of the schema's ActivationFunctionType (0 none, 1 ReLU), by index of the operator.

    Raises:
        InputError: the file is not a .tflite, or cannot be repacked without loss; or an operator has no activation.
    """
    model = unpack(data)
    for index, code in activations.items():
        options = model.subgraphs[0].operators[index].builtinOptions
        if not hasattr(options, "fusedActivationFunction"):
            raise InputError(f"operator {index} of the .tflite has no fused activation that could be changed")
        options.fusedActivationFunction = code
    return pack(model, data)


def constant_buffer(tensor: Tensor, values: np.ndarray) -> AlignedBuffer:
    """What a constant tensor stores when it has these values; raises InputError as `with_constants` does."""
    dtype = "int8" if tensor.dtype == "int4" else tensor.dtype
    if not tensor.is_constant or values.shape != tensor.shape or values.dtype != np.dtype(dtype):
        raise InputError(
            f"tensor {tensor.index} ({tensor.name}) is {tensor.dtype}{list(tensor.shape)}, which "
            f"{values.dtype}{list(values.shape)} cannot replace"
        )
    if tensor.dtype == "int4":
        if not LOWEST <= values.min(initial=0) <= values.max(initial=0) <= HIGHEST:
            raise InputError(f"tensor {tensor.index} ({tensor.name}) is int4, so that its values are from -8 to 7")
        return AlignedBuffer(pack_int4(values))
    return AlignedBuffer(np.ascontiguousarray(values).reshape(-1).view(np.uint8))


def drop_unused_buffers(model: Any) -> None:
    """Empties the buffers that nothing names any more; their numbers stay."""
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    used |= {one.buffer for one in model.metadata or ()}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            model.buffers[number] = AlignedBuffer(None) if buffer.data is not None else buffer


def _tensor_maps(kind: str, names: Sequence[str], tensors: Any) -> list[Any]:
    indices = [] if tensors is None else [int(index) for index in tensors]
    if len(names) != len(indices):
        raise InputError(f"the .tflite has {len(indices)} {kind}s, but {len(names)} names were given for them")
    if len(set(names)) != len(names) or not all(names):
        raise InputError(f"the names of the {kind}s must be unique and not empty, not {', '.join(map(repr, names))}")
    return [schema().TensorMapT(name=name, tensorIndex=index) for name, index in zip(names, indices, strict=True)]
