"""What a .tflite is, as one frozen value that can be printed or written as JSON."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .cost import operator_macs, operator_weight_bytes, parameter_count, scheme, total_macs, weight_bytes
from .layers import operator_layers
from .memory import peak_activation_bytes, peak_arena_bytes
from .model import Operator, Quantization, Subgraph, Tensor, TfliteModel


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
        scale: of its first output, where that is quantized.
        zero_point: likewise.
        weight_scales: how many scales its weights have: 0 for float ones, 1, or one for each output channel.
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
    scale: float | None = None
    zero_point: int | None = None
    weight_scales: int = 0


@dataclass(frozen=True)
class SignatureSummary:
    """A named entry point and the names of what it takes and gives."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


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
        peak_activation_bytes: what tensors take at once, see `memory.peak_activation_bytes`.
        peak_arena_bytes: what an interpreter without a delegate takes, see `memory.peak_arena_bytes`.
        operators: of the main graph.
        operator_counts: how often each operator appears, over all graphs, most frequent first.
        subgraphs: number of graphs; more than one where the model has control flow.
        tensors: how many tensors the main graph has.
        signatures: the named entry points.
        metadata: names of the opaque blocks that are stored with the model, with their sizes in bytes.
        description: what the converter wrote about itself.
    """

    nbytes: int
    scheme: str
    inputs: tuple[TensorSummary, ...]
    outputs: tuple[TensorSummary, ...]
    macs: int
    parameters: int
    weight_bytes: int
    peak_activation_bytes: int
    peak_arena_bytes: int
    operators: tuple[OperatorSummary, ...]
    operator_counts: dict[str, int]
    subgraphs: int
    tensors: int
    signatures: tuple[SignatureSummary, ...]
    metadata: dict[str, int]
    description: str

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
        peak_arena_bytes=peak_arena_bytes(model),
        operators=tuple(
            _operator(model.main, operator, layer) for operator, layer in zip(model.main.operators, layers, strict=True)
        ),
        operator_counts=dict(counts.most_common()),
        subgraphs=len(model.subgraphs),
        tensors=len(model.main.tensors),
        signatures=tuple(
            SignatureSummary(one.key, tuple(name for name, _ in one.inputs), tuple(name for name, _ in one.outputs))
            for one in model.signatures
        ),
        metadata={name: len(content) for name, content in model.metadata.items()},
        description=model.description,
    )


def _tensor(tensor: Tensor, names: dict[int, str]) -> TensorSummary:
    scale, zero_point = _step(tensor.quantization)
    return TensorSummary(
        name=names.get(tensor.index, tensor.name),
        shape=tensor.shape_signature,
        dtype=tensor.dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _operator(graph: Subgraph, operator: Operator, layer: str | None) -> OperatorSummary:
    outputs = graph.tensors_of(operator.outputs[:1])
    stored = (one.quantization for one in graph.tensors_of(operator.inputs) if one.is_constant)
    scale, zero_point = _step(outputs[0].quantization) if outputs else (None, None)
    return OperatorSummary(
        index=operator.index,
        name=operator.name,
        layer=layer,
        output_shape=outputs[0].shape if outputs else (),
        dtype=outputs[0].dtype if outputs else None,
        macs=operator_macs(graph, operator),
        weight_bytes=operator_weight_bytes(graph, operator),
        scale=scale,
        zero_point=zero_point,
        weight_scales=next((len(one.scale) for one in stored if one is not None), 0),
    )


def _step(quantization: Quantization | None) -> tuple[float | None, int | None]:
    return (None, None) if quantization is None else (quantization.scale[0], quantization.zero_point[0])
