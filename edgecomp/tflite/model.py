"""A .tflite as plain, frozen data: what the reader gives and everything else here works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

from edgecomp.errors import InputError

from .int4 import unpack_int4

# Bits per element; strings, resources and variants have no fixed size.
DTYPE_BITS: Mapping[str, int] = {
    "float32": 32,
    "float16": 16,
    "int32": 32,
    "uint8": 8,
    "int64": 64,
    "bool": 8,
    "int16": 16,
    "complex64": 64,
    "int8": 8,
    "float64": 64,
    "complex128": 128,
    "uint64": 64,
    "uint32": 32,
    "uint16": 16,
    "int4": 4,
    "bfloat16": 16,
    "int2": 2,
    "uint4": 4,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
}


@dataclass(frozen=True)
class Quantization:
    """Affine quantization: `real = scale * (stored - zero_point)`.

    Args:
        scale: one value, or one per slice along `axis`.
        zero_point: as many as there are scales.
        axis: the quantized dimension; meaningful where there is more than one scale.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph.

    Args:
        index: its place in the subgraph's list.
        name: as stored; need not be unique.
        shape: as stored, 1 where a size is dynamic; empty for a scalar.
        dtype: NumPy's name where it has one ("float32", "int8"), else the schema's in lower case ("int4", "string").
        buffer_index: which of the file's buffers it names; tensors may share one, and 0 is always empty.
        buffer: the constant's bytes as stored, or empty for a tensor that is computed.
        quantization: scales and zero points, or None.
        shape_signature: `shape` with -1 for sizes that are only known when the model runs.
        is_variable: whether it keeps its value from one inference to the next.
        sparse: whether `buffer` holds only the non-zero values.
        external: whether the constant's bytes lie outside the flatbuffer, so that `buffer` is empty.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    buffer_index: int = 0
    buffer: memoryview = field(default=memoryview(b""), repr=False)
    quantization: Quantization | None = None
    shape_signature: tuple[int, ...] = ()
    is_variable: bool = False
    sparse: bool = False
    external: bool = False

    @property
    def is_constant(self) -> bool:
        return self.external or len(self.buffer) > 0

    @property
    def dynamic(self) -> bool:
        """Whether a size is only known when the model runs."""
        return -1 in self.shape_signature

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes the tensor takes when dense; 0 where its dtype has no fixed size."""
        return (self.elements * DTYPE_BITS.get(self.dtype, 0) + 7) // 8

    def values(self) -> np.ndarray:
        """The constant as an array of `shape`, a read-only view where the dtype allows; int4 becomes int8.

        Raises:
            InputError: it is not a constant, or is stored in a way that NumPy cannot show (sparse, external, packed
                below a byte other than int4, strings).
        """
        if not self.is_constant:
            raise InputError(f"tensor {self.index} ({self.name}) is computed, so that it has no stored values")
        bits = DTYPE_BITS.get(self.dtype, 0)
        if self.dtype == "int4" and not (self.sparse or self.external):
            return unpack_int4(np.frombuffer(self.buffer, np.uint8), self.elements).reshape(self.shape)
        if self.sparse or self.external or bits < 8 or self.dtype.startswith(("bfloat", "float8")):
            raise InputError(
                f"tensor {self.index} ({self.name}) is stored as {self._storage()}, which is not read here"
            )
        return np.frombuffer(self.buffer, dtype=np.dtype(self.dtype).newbyteorder("<")).reshape(self.shape)

    def _storage(self) -> str:
        kinds = [word for word, holds in (("sparse", self.sparse), ("external", self.external)) if holds]
        return " ".join([*kinds, self.dtype])


@dataclass(frozen=True)
class Operator:
    """One operator of a subgraph.

    Args:
        index: its place in the subgraph, which is the order in which operators run.
        name: the schema's ("CONV_2D"); for a custom operator the name it registers under.
        inputs: tensor indices; -1 stands for an optional input that is absent.
        outputs: tensor indices.
        options: the scalar options by their name in the schema ("strideH"), numbers as stored; enums stay integers.
        custom: whether it needs a kernel that TFLite does not bring along.
        subgraphs: indices of the subgraphs that a control-flow operator runs.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, float | int | bool] = field(default_factory=dict)
    custom: bool = False
    subgraphs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Subgraph:
    """Tensors, and operators in the order in which they run. `inputs` and `outputs` are tensor indices."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def tensors_of(self, indices: tuple[int, ...]) -> tuple[Tensor, ...]:
        """The tensors at `indices`, absent ones (-1) left out."""
        return tuple(self.tensors[index] for index in indices if index >= 0)


@dataclass(frozen=True)
class Signature:
    """A named entry point: (name, tensor index) of each input and output of one subgraph."""

    key: str
    subgraph: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TfliteModel:
    """A .tflite file.

    Args:
        nbytes: size of the file.
        subgraphs: the main graph first.
        signatures: its named entry points.
        metadata: opaque blocks by name ("min_runtime_version", "TFLITE_METADATA").
        description: what the converter wrote about itself.
        has_data_behind: whether buffers lie behind the flatbuffer, found by their place in the file.
    """

    nbytes: int
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...] = ()
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    description: str = ""
    has_data_behind: bool = False

    @property
    def main(self) -> Subgraph:
        return self.subgraphs[0]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return self.main.tensors_of(self.main.inputs)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return self.main.tensors_of(self.main.outputs)

    @property
    def signature(self) -> Signature | None:
        """The signature of the main graph, the first if there are several."""
        return next((one for one in self.signatures if one.subgraph == 0), None)
