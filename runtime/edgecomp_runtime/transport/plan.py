"""The plan: which stretches of a model were taken out of it, and how each was coded.

All places and lengths are in bytes; a place is one in the restored model unless it says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Optional, Union

from ..errors import IntegrityError

MAX_ARRAYS, MAX_REGIONS, MAX_AXES, MAX_CHANNELS = 4096, 65536, 8, 65535
MAX_CONTEXTS, MAX_GROUPS, MAX_STRENGTH = 32, 32, 16
# Into so many the magnitudes that a base predicts are told apart; each context is split by them.
BUCKETS = 8
# A kernel of more taps is coded without looking at neighbours.
MAX_TAPS, MAX_REACH, MAX_SLOPE = 64, 4, 63
COPY, PRODUCT, WORDS, WEIGHTS = range(4)


@dataclass(frozen=True)
class Copy:
    """A stretch that stands in the base, too, at `source`."""

    start: int
    length: int
    source: int


@dataclass(frozen=True)
class Product:
    """A float32 vector that is another, at `vector`, times the float32 number at `factor`."""

    start: int
    length: int
    vector: int
    factor: int


@dataclass(frozen=True)
class Words:
    """Numbers of several bytes, coded plane by plane, the highest bytes first.

    Args:
        regions: (start, length) of each stretch, coded as if they followed each other.
        width: bytes of a number, 2 or 4.
        floating: whether the sign was moved to the lowest bit, below the mantissa; else numbers are zigzag-coded.
        strengths: of the prior of each plane; of the indices where there is a codebook.
        codebook: the numbers that occur, ascending, where indices stand for them; else empty.
        sources: places in the base of what each region was subtracted from; empty where nothing was.
    """

    regions: tuple[tuple[int, int], ...]
    width: int
    floating: bool
    strengths: tuple[int, ...]
    codebook: bytes = b""
    sources: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        return sum(length for _, length in self.regions)


@dataclass(frozen=True)
class Grouping:
    """Which context each element of a tensor has: slices along some axes are in groups, and groups add up.

    Args:
        axes: those along which slices are grouped, ascending.
        centres: the usual group along each of `axes`.
        offset: what is taken off the sum of an element's groups to give its context.
        contexts: how many there are.
    """

    axes: tuple[int, ...] = ()
    centres: tuple[int, ...] = ()
    offset: int = 0
    contexts: int = 1


@dataclass(frozen=True)
class Taps:
    """How the neighbours of a kernel's tap split each context, by the sum of those above and left of it.

    Args:
        step: symbols from one bucket of sums to the next, 1 to 255.
        reach: buckets on either side of the middle.
        slope: how many symbols the prior's centre is moved from one bucket to the next.
    """

    step: int
    reach: int
    slope: int

    @property
    def buckets(self) -> int:
        return 2 * self.reach + 1


@dataclass(frozen=True)
class Weights:
    """A tensor of int8 (or uint8) values, or of int4 values packed two to a byte.

    Args:
        start: its place in the model, in bytes.
        length: of it, in bytes.
        shape: of the tensor.
        nibbles: whether values are packed.
        zeros: contexts of what tells zeros from other values, where only the others have symbols; else None.
        values: contexts of the symbols.
        spread: of the symbols' prior, in the first context; one more in each further one, unless `flat`.
        flat: whether all contexts share one spread.
        strength: of the prior.
        lowest: the value of symbol 0 where there is no codebook.
        alphabet: number of symbols.
        codebook: the values that occur; with `grid` float32 values, of which each channel has a rounded copy.
        grid: whether the codebook is one of real values.
        axis: the axis of channels; used with `scales`.
        scales: the place of the channels' float32 scales; needed by a grid, and to predict from a base.
        source: the place in the base of what values are predicted from.
        source_scales: the place in the base of its channels' scales, where values are rescaled.
        taps: how neighbours split contexts, in a tensor [outputs, rows, columns, inputs] that is coded tap by tap.
    """

    start: int
    length: int
    shape: tuple[int, ...]
    nibbles: bool = False
    zeros: Optional[Grouping] = None
    values: Grouping = Grouping()
    spread: int = 48
    flat: bool = True
    strength: int = 5
    lowest: int = 0
    alphabet: int = 256
    codebook: bytes = b""
    grid: bool = False
    axis: int = 0
    scales: Optional[int] = None
    source: Optional[int] = None
    source_scales: Optional[int] = None
    taps: Optional[Taps] = None


Array = Union[Copy, Product, Words, Weights]


def damaged() -> IntegrityError:
    """What is raised wherever a plan says what cannot be."""
    return IntegrityError("the plan of the coded model is damaged; fetch the file again")


class _Numbers:
    """Numbers of 7 bits a byte, the lowest bits first; a set high bit means that more follow."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def next(self, most: int = 2**32) -> int:
        value = shift = 0
        while shift < 42 and self._at < len(self._data):
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                if value > most:
                    break
                return value
        raise damaged()

    def signed(self) -> int:
        value = self.next(2**34)
        return value >> 1 if value % 2 == 0 else -(value + 1 >> 1)

    def place(self, near: int) -> int:
        value = near + self.signed()
        if value < 0:
            raise damaged()
        return value

    def raw(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        self._at += count
        if len(found) < count:
            raise damaged()
        return found

    @property
    def left(self) -> int:
        return len(self._data) - self._at


def read_plan(data: bytes, size: int) -> list[Array]:
    """Reads and checks a plan.

    Args:
        data: its bytes.
        size: of the restored model.

    Returns:
        the arrays in the order in which they are restored.

    Raises:
        IntegrityError: it cannot be read, or its stretches overlap or lie outside the model.
    """
    numbers = _Numbers(data)
    arrays: list[Array] = []
    near = 0
    for _ in range(numbers.next(MAX_ARRAYS)):
        kind = numbers.next(WEIGHTS)
        array = _words(numbers, near) if kind == WORDS else _single(numbers, kind, near)
        near = sum(regions_of(array)[-1])
        arrays.append(array)
    end = 0
    for start, length in sorted(region for array in arrays for region in regions_of(array)):
        if start < end or start + length > size:
            raise damaged()
        end = start + length
    if numbers.left:
        raise damaged()
    return arrays


def regions_of(array: Array) -> tuple[tuple[int, int], ...]:
    """(start, length) of each stretch that the array fills."""
    return array.regions if isinstance(array, Words) else ((array.start, array.length),)


def _single(numbers: _Numbers, kind: int, near: int) -> Array:
    start, length = numbers.place(near), numbers.next()
    if kind == COPY:
        return Copy(start, length, numbers.place(start))
    if kind == WEIGHTS:
        return _weights(numbers, start, length)
    if length % 4:
        raise damaged()
    return Product(start, length, numbers.place(start), numbers.place(start))


def _words(numbers: _Numbers, near: int) -> Words:
    flags = numbers.next(15)
    width, floating, has_codebook, has_sources = 4 if flags & 1 else 2, bool(flags & 2), flags & 4, flags & 8
    regions, sources = [], []
    for _ in range(numbers.next(MAX_REGIONS)):
        regions.append((numbers.place(near), numbers.next() * width))
        near = sum(regions[-1])
        if has_sources:
            sources.append(numbers.place(regions[-1][0]))
    if not regions:
        raise damaged()
    codebook = numbers.raw(width * (1 + numbers.next(255))) if has_codebook else b""
    strengths = tuple(numbers.next(MAX_STRENGTH) for _ in range(1 if has_codebook else width))
    return Words(tuple(regions), width, floating, strengths, codebook, tuple(sources))


def _weights(numbers: _Numbers, start: int, length: int) -> Weights:
    flags = numbers.next(511)
    nibbles, flat, grid = bool(flags & 1), bool(flags & 2), bool(flags & 4)
    has_codebook, has_scales, has_source, has_source_scales = flags & 8, flags & 16, flags & 32, flags & 64
    shape = tuple(numbers.next() for _ in range(numbers.next(MAX_AXES)))
    zeros = _grouping(numbers, len(shape)) if flags & 128 else None
    values = _grouping(numbers, len(shape))
    spread, strength, alphabet = numbers.next(63), numbers.next(MAX_STRENGTH), 1 + numbers.next(255)
    lowest = 0 if has_codebook else numbers.next(255) - 128
    codebook = numbers.raw(alphabet * (4 if grid else 1)) if has_codebook else b""
    taps = (
        Taps(1 + numbers.next(254), 1 + numbers.next(MAX_REACH - 1), numbers.next(MAX_SLOPE)) if flags & 256 else None
    )
    axis = numbers.next(MAX_AXES) if has_scales else 0
    scales = numbers.place(start) if has_scales else None
    source = numbers.place(start) if has_source else None
    source_scales = numbers.place(start) if has_source_scales else None
    elements = prod(shape)
    if length != (elements + 1) // 2 if nibbles else length != elements:
        raise damaged()
    if ((grid or source_scales is not None) and scales is None) or (
        scales is not None and (axis >= len(shape) or shape[axis] > MAX_CHANNELS)
    ):
        raise damaged()
    contexts = max(values.contexts, zeros.contexts if zeros else 1)
    if taps and (len(shape) != 4 or zeros or has_source or not 1 < shape[1] * shape[2] <= MAX_TAPS):
        raise damaged()
    if taps and values.contexts * taps.buckets > 256:
        raise damaged()
    if (grid and not has_codebook) or (has_source and contexts > MAX_CONTEXTS // BUCKETS):
        raise damaged()
    return Weights(
        *(start, length, shape, nibbles, zeros, values, spread, flat, strength, lowest, alphabet, codebook),
        *(grid, axis, scales, source, source_scales, taps),
    )


def _grouping(numbers: _Numbers, rank: int) -> Grouping:
    grouped = numbers.next(2**rank - 1)
    axes = tuple(axis for axis in range(rank) if grouped >> axis & 1)
    centres = tuple(numbers.next(MAX_GROUPS - 1) for _ in axes)
    return Grouping(axes, centres, numbers.next(255), 1 + numbers.next(MAX_CONTEXTS - 1)) if axes else Grouping()
