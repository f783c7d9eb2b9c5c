"""Decides what `export c` writes: which operators, how much memory, which constants; refuses what cannot run."""

from __future__ import annotations

from dataclasses import dataclass

from edgecomp_runtime.contract import ImageContract, InputContract

from ..targets import Target
from ..targets.micro_operators import resolver_method
from ..tflite import Tensor, TfliteModel, read_tflite
from ..tflite.micro_memory import micro_arena
from .checks import check
from .identifiers import c_identifier
from .source import Source

# On top of the estimate: kernels change from release to release. A program prints what it really used.
_SPARE = 1.1
_ROUNDED_TO = 1024


@dataclass(frozen=True)
class Edge:
    """One input or output tensor, in the order in which TFLite Micro numbers them.

    Args:
        name: in the model's signature.
        shape: batch of 1 first.
        dtype: as stored: "int8", "float32".
        elements: how many values.
        scale: real size of one step; None where the tensor is not quantized.
        zero_point: the integer that stands for 0.0.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    elements: int
    scale: float | None
    zero_point: int


@dataclass(frozen=True)
class Input(Edge):
    """An input, and how raw values become its values: `(raw - mean) / std`, then quantized.

    Args:
        mean: one number, or one per channel (last axis).
        std: likewise.
        photo: how a photo is brought to the shape, in words; "" where the input is none, or nothing is known.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    photo: str = ""

    @property
    def channels(self) -> int:
        """How many channels have constants of their own; 1 where all are treated alike."""
        return max(len(self.mean), len(self.std))

    @property
    def means(self) -> tuple[float, ...]:
        return self.mean * (self.channels // len(self.mean))

    @property
    def stds(self) -> tuple[float, ...]:
        return self.std * (self.channels // len(self.std))


@dataclass(frozen=True)
class CExport:
    """What is going to be written.

    Args:
        identifier: first part of every name in the source.
        title: the model's own name.
        model: the bytes of the .tflite.
        preprocess: the preprocessing by its name; None for a bare .tflite, whose contract is not known.
        inputs: in TFLite Micro's order.
        outputs: likewise.
        activation: what makes probabilities of the first output: "none", "softmax", "sigmoid".
        labels: class names; empty where there are none.
        resolver_methods: what brings in the operators of the model, and no others.
        arena_bytes: size of the arena, with something to spare.
        warnings: what the user should know.
    """

    identifier: str
    title: str
    model: bytes
    preprocess: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Edge, ...]
    activation: str
    labels: tuple[str, ...]
    resolver_methods: tuple[str, ...]
    arena_bytes: int
    warnings: tuple[str, ...] = ()


def plan_c_export(source: Source, *, name: str | None = None, target: Target | None = None) -> CExport:
    """Decides what is written, without writing.

    Args:
        source: the model.
        name: what the files and everything in them are called; by default the model's own name.
        target: the microcontroller; without one, kernels for Cortex-M are assumed and no limits of memory are known.

    Raises:
        InputError: TFLite Micro cannot run the model, or it does not fit the target.
    """
    model = read_tflite(source.model)
    warnings = check(model, target)
    kernels = (target.micro_kernels if target else None) or "cmsis-nn"
    arena = micro_arena(model, kernels=kernels).nbytes
    contracts = {one.name: one for one in source.contract.inputs} if source.contract else {}
    operators = sorted({one.name for graph in model.subgraphs for one in graph.operators})
    return CExport(
        identifier=c_identifier(source.name if name is None else name),
        title=source.name,
        model=source.model,
        preprocess=source.contract.preprocess if source.contract else None,
        inputs=tuple(_input(edge, contracts.get(edge.name)) for edge in _edges(model, "inputs")),
        outputs=_edges(model, "outputs"),
        activation=source.contract.outputs[0].activation if source.contract else "none",
        labels=next((one.labels for one in source.contract.outputs if one.labels), ()) if source.contract else (),
        resolver_methods=tuple(resolver_method(operator) for operator in operators),
        arena_bytes=_rounded(int(arena * _SPARE)),
        warnings=warnings,
    )


def _edges(model: TfliteModel, side: str) -> tuple[Edge, ...]:
    """Inputs or outputs in the graph's order, by their names in the signature, which are those of a contract."""
    signature = model.signature
    names = {index: name for name, index in getattr(signature, side)} if signature else {}
    tensors: tuple[Tensor, ...] = getattr(model, side)
    return tuple(_edge(tensor, names.get(tensor.index, tensor.name)) for tensor in tensors)


def _edge(tensor: Tensor, name: str) -> Edge:
    quantization = tensor.quantization if tensor.dtype in ("int8", "uint8", "int16") else None
    scale = quantization.scale[0] if quantization else None
    zero_point = quantization.zero_point[0] if quantization and quantization.zero_point else 0
    return Edge(name, tensor.shape, tensor.dtype, tensor.elements, scale, zero_point)


def _input(edge: Edge, contract: InputContract | None) -> Input:
    known = (edge.name, edge.shape, edge.dtype, edge.elements, edge.scale, edge.zero_point)
    if contract is None or contract.dtype != "float32":
        return Input(*known)
    return Input(*known, mean=contract.mean, std=contract.std, photo=_photo(contract.image))


def _photo(image: ImageContract | None) -> str:
    if image is None:
        return ""
    return f"{image.color} photo of {image.height} x {image.width}, {image.fit}, {image.resample}"


def _rounded(nbytes: int) -> int:
    return -(-nbytes // _ROUNDED_TO) * _ROUNDED_TO
