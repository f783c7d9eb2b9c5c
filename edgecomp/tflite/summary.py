"""What a .tflite is, as one frozen value that can be printed or written as JSON."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .cost import operator_macs, operator_weight_bytes, parameter_count, scheme, total_macs, weight_bytes
from .layers import operator_layers
from .memory import peak_activation_bytes
from .model import Operator, Subgraph, Tensor, TfliteModel


@dataclass(frozen=True)
class TensorSummary:
    """An input or output: `scale` and `zero_point` where it is quantized; sizes only known at run time are -1."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


@dataclass(frozen=True)
class OperatorSummary:
    """One operator of the main graph, in the order in which they run.

    Args:
        index: its place.
        name: the schema's name ("CONV_2D").
        layer: the Keras layer it came from, where names tell.
        output_shape: shape of its first output.
        dtype: dtype of its first output.
        macs: multiply-accumulates of one inference.
        weight_bytes: bytes of the constants it reads.
    """

    index: int
    name: str
    layer: str | None
    output_shape: tuple[int, ...]
    dtype: str | None
    macs: int
    weight_bytes: int


@dataclass(frozen=True)
class ModelSummary:
    """The figures of a .tflite.

    Args:
        nbytes: size of the file.
        scheme: how it computes, see `cost.scheme`.
        inputs: in the graph's order, under the names of its signature if it has one.
        outputs: likewise.
        macs: multiply-accumulates of one inference.
        parameters: number of weights.
        weight_bytes: what they take.
        peak_activation_bytes: estimate for an interpreter without delegates, see `memory.peak_activation_bytes`.
        operators: of the main graph.
        operator_counts: how often each operator appears, over all graphs, most frequent first.
        subgraphs: number of graphs; more than one where the model has control flow.
    """

    nbytes: int
    scheme: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    macs: int
    parameters: int
    weight_bytes: int
    peak_activation_bytes: int
    operators: tuple[OperatorSummary, ...]
    operator_counts: dict[str, int]
    subgraphs: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data; the size of the file is called `bytes`."""
        data = dataclasses.asdict(self)
        return {"bytes": data.pop("nbytes"), **data}


def summarize(model: TfliteModel, layer_names: Collection[str] = ()) -> ModelSummary:
    """Gathers the figures of a model; `layer_names` are those of the Keras model it came from, if known."""
    counts = Counter(operator.name for graph in model.subgraphs for operator in graph.operators)
    signature = model.signature
    names = {} if signature is None else {place: name for name, place in signature.inputs + signature.outputs}
    layers = operator_layers(model.main, layer_names)
    return ModelSummary(
        nbytes=model.nbytes,
        scheme=scheme(model),
        inputs=tuple(_tensor(tensor, names) for tensor in model.inputs),
        outputs=tuple(_tensor(tensor, names) for tensor in model.outputs),
        macs=total_macs(model),
        parameters=parameter_count(model),
        weight_bytes=weight_bytes(model),
        peak_activation_bytes=peak_activation_bytes(model),
        operators=tuple(
            _operator(model.main, operator, layer) for operator, layer in zip(model.main.operators, layers, strict=True)
        ),
        operator_counts=dict(counts.most_common()),
        subgraphs=len(model.subgraphs),
    )


def _tensor(tensor: Tensor, names: dict[int, str]) -> TensorSummary:
    quantization = tensor.quantization
    return TensorSummary(
        name=names.get(tensor.index, tensor.name),
        shape=tensor.shape_signature,
        dtype=tensor.dtype,
        scale=None if quantization is None else quantization.scale[0],
        zero_point=None if quantization is None else quantization.zero_point[0],
    )


def _operator(graph: Subgraph, operator: Operator, layer: str | None) -> OperatorSummary:
    outputs = graph.tensors_of(operator.outputs[:1])
    return OperatorSummary(
        index=operator.index,
        name=operator.name,
        layer=layer,
        output_shape=outputs[0].shape if outputs else (),
        dtype=outputs[0].dtype if outputs else None,
        macs=operator_macs(graph, operator),
        weight_bytes=operator_weight_bytes(graph, operator),
    )
