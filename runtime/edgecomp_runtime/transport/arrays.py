"""Restoring the arrays of a plan, each into its place in the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import numpy as np

from .adaptive import FLAT, Frequencies, prior
from .plan import BUCKETS, MAX_GROUPS, Array, Copy, Grouping, Product, Taps, Weights, Words, damaged
from .rans import LaneDecoder
from .taps import in_order, tap_centres, tap_contexts

# The prior of the groups along an axis: close to the usual one.
GROUP_SPREAD, GROUP_STRENGTH = 5, 3
ZERO_STRENGTH = 2
# What is worked on at once, in elements.
PART = 1 << 16


def restore(array: Array, model: np.ndarray, base: np.ndarray, lanes: LaneDecoder) -> None:
    """Fills the place of one array.

    Args:
        array: what it is.
        model: uint8 [bytes], what is restored so far.
        base: uint8 [bytes], the older model; empty where there is none.
        lanes: gives its symbols.

    Raises:
        IntegrityError: it refers to what is not there, or the symbols end too early.
    """
    if isinstance(array, Copy):
        cut(model, array.start, array.length)[:] = cut(base, array.source, array.length)
    elif isinstance(array, Product):
        factor = floats(model, array.factor, 1)
        with np.errstate(all="ignore"):
            numbers = (floats(model, array.vector, array.length // 4) * factor).astype("<f4")
        cut(model, array.start, array.length)[:] = numbers.view(np.uint8)
    elif isinstance(array, Words):
        _restore_words(array, model, base, lanes)
    else:
        _restore_weights(array, model, base, lanes)


def cut(data: np.ndarray, start: int, length: int) -> np.ndarray:
    """A view of a stretch; an IntegrityError where there is none."""
    if start + length > len(data):
        raise damaged()
    return data[start : start + length]


def floats(data: np.ndarray, start: int, count: int) -> np.ndarray:
    """float32 [count] at a place that need not be aligned."""
    numbers: np.ndarray = cut(data, start, 4 * count).copy().view("<f4")
    return numbers


def _restore_words(array: Words, model: np.ndarray, base: np.ndarray, lanes: LaneDecoder) -> None:
    count, dtype = array.length // array.width, np.dtype(f"<u{array.width}")
    alone = len(array.regions) == 1
    # A large tensor is restored in its place: there is no memory for a second one.
    stored = cut(model, *array.regions[0]) if alone else np.empty(array.length, np.uint8)
    numbers = stored.view(dtype)
    if array.codebook:
        book = np.frombuffer(array.codebook, dtype)
        indices = np.empty(count, np.uint8)
        lanes.take(prior(len(book), 0, np.array([FLAT]), array.strengths[0]), None, indices)
        for part in _parts(count):
            numbers[part] = book[indices[part]]
    else:
        _restore_planes(array, stored.reshape(count, array.width), lanes)
        for part in _parts(count):
            numbers[part] = _straightened(numbers[part], array.floating)
    at = 0
    for index, (start, length) in enumerate(array.regions):
        part = slice(at // array.width, (at + length) // array.width)
        if array.sources:
            numbers[part] += cut(base, array.sources[index], length).view(dtype)
        if not alone:
            cut(model, start, length)[:] = stored[at : at + length]
        at += length


def _restore_planes(array: Words, numbers: np.ndarray, lanes: LaneDecoder) -> None:
    """Fills uint8 [numbers, bytes], the highest plane first: whether anything was set in it tells of the next."""
    seen = np.zeros(len(numbers), np.uint8)
    for plane, strength in zip(range(array.width - 1, -1, -1), array.strengths):
        symbols = np.empty(len(numbers), np.uint8)
        lanes.take(prior(256, 0, np.array([FLAT, FLAT]), strength), seen, symbols)
        numbers[:, plane] = symbols
        seen |= symbols != 0


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, PART):
        yield slice(start, min(start + PART, count))


def _straightened(numbers: np.ndarray, floating: bool) -> np.ndarray:
    one = numbers.dtype.type(1)
    signs = numbers & one
    top = numbers.dtype.type(8 * numbers.itemsize - 1)
    straight: np.ndarray = (numbers >> one) | (signs << top) if floating else (numbers >> one) ^ (~signs + one)
    return straight


def _restore_weights(array: Weights, model: np.ndarray, base: np.ndarray, lanes: LaneDecoder) -> None:
    place = cut(model, array.start, array.length)
    values = np.empty(int(np.prod(array.shape, dtype=np.int64)), np.uint8) if array.nibbles else place
    expected = None if array.source is None else predicted(array, model, base)
    if array.zeros is not None:
        lanes.take(zero_prior(array), _contexts(array, array.zeros, expected, lanes), values)
        kept = values != 0
        chosen = np.empty(int(np.count_nonzero(kept)), np.uint8)
        _restore_values(array, chosen, expected, kept, model, lanes)
        values[kept] = chosen
    else:
        _restore_values(array, values, expected, None, model, lanes)
    if array.nibbles:
        pairs = np.append(values & 15, np.zeros(len(values) % 2, np.uint8))
        place[:] = pairs[0::2] | pairs[1::2] << 4


def _restore_values(
    array: Weights,
    values: np.ndarray,
    expected: Optional[np.ndarray],
    kept: Optional[np.ndarray],
    model: np.ndarray,
    lanes: LaneDecoder,
) -> None:
    """Fills uint8, the values of all elements, or of those that are kept."""
    contexts = _contexts(array, array.values, expected, lanes)
    if array.taps is not None:
        _take_taps(array, array.taps, contexts, values, lanes)
    else:
        lanes.take(weight_prior(array), contexts if contexts is None or kept is None else contexts[kept], values)
    if array.grid:
        apply_by_channel(array, values, grid_values(array, model), kept)
    elif array.codebook:
        book = np.frombuffer(array.codebook, np.uint8)
        for part in _parts(len(values)):
            values[part] = book[values[part]]
    else:
        values += np.uint8(array.lowest & 255)
    if expected is not None:
        values += (expected if kept is None else expected[kept]).view(np.uint8)


def _take_taps(
    array: Weights, taps: Taps, contexts: Optional[np.ndarray], values: np.ndarray, lanes: LaneDecoder
) -> None:
    symbols, model = values.reshape(array.shape), Frequencies(weight_prior(array))
    for row, column in in_order(array.shape):
        found = np.empty(symbols[:, 0, 0].size, np.uint8)
        lanes.take_more(model, tap_contexts(symbols, row, column, array, taps, contexts), found)
        symbols[:, row, column] = found.reshape(symbols[:, 0, 0].shape)


def weight_prior(array: Weights) -> np.ndarray:
    """int64 [contexts, alphabet]; each context split where a base says what to expect, or neighbours do."""
    contexts = array.values.contexts
    spreads = np.full(contexts, array.spread) if array.flat else array.spread + np.arange(contexts)
    if array.source is not None:
        spreads = np.repeat(spreads, BUCKETS)
    if array.taps is not None:
        spreads, centres = np.repeat(spreads, array.taps.buckets), tap_centres(array, array.taps)
        return prior(array.alphabet, centres, np.minimum(spreads, FLAT), array.strength)
    return prior(array.alphabet, -array.lowest, np.minimum(spreads, FLAT), array.strength)


def zero_prior(array: Weights) -> np.ndarray:
    """int64 [contexts, 2]: zero or not; contexts as in `weight_prior`."""
    contexts = (array.zeros or Grouping()).contexts * (1 if array.source is None else BUCKETS)
    return prior(2, 0, np.full(contexts, FLAT), ZERO_STRENGTH)


def group_prior(centre: int) -> np.ndarray:
    """int64 [1, groups]: what groups along an axis are before any was seen."""
    return prior(MAX_GROUPS, centre, np.array([GROUP_SPREAD]), GROUP_STRENGTH)


def _contexts(
    array: Weights, grouping: Grouping, expected: Optional[np.ndarray], lanes: LaneDecoder
) -> Optional[np.ndarray]:
    groups = []
    for axis, centre in zip(grouping.axes, grouping.centres):
        groups.append(np.empty(array.shape[axis], np.uint8))
        lanes.take(group_prior(centre), None, groups[-1])
    return contexts_of(array.shape, grouping, groups, expected)


def contexts_of(
    shape: tuple[int, ...], grouping: Grouping, groups: list[np.ndarray], expected: Optional[np.ndarray]
) -> Optional[np.ndarray]:
    """uint8 [elements], or None where there is one context.

    Args:
        shape: of the tensor.
        grouping: how groups make contexts.
        groups: uint8 [size of the axis], the group of each slice along each of the grouping's axes.
        expected: int8 [elements], what a base predicts, or None; its magnitude splits each context.
    """
    if not grouping.axes:
        return None if expected is None else _buckets(expected)
    total = np.zeros(shape, np.uint8)
    for axis, group in zip(grouping.axes, groups):
        total += group.reshape([-1 if one == axis else 1 for one in range(len(shape))])
    np.maximum(total, grouping.offset, out=total)
    total -= np.uint8(grouping.offset)
    np.minimum(total, grouping.contexts - 1, out=total)
    contexts: np.ndarray = total.ravel()
    if expected is not None:
        contexts *= BUCKETS
        contexts += _buckets(expected)
    return contexts


def _buckets(expected: np.ndarray) -> np.ndarray:
    """uint8: how many bits the magnitude takes, 7 for 7 and 8."""
    table = np.array([min(abs(value).bit_length(), BUCKETS - 1) for value in [*range(128), *range(-128, 0)]], np.uint8)
    buckets: np.ndarray = table[expected.view(np.uint8)]
    return buckets


def grid_values(array: Weights, model: np.ndarray) -> np.ndarray:
    """uint8 [channels, alphabet]: the codebook's real values in the steps of each channel."""
    scales = floats(model, array.scales or 0, array.shape[array.axis]).astype(np.float64)
    with np.errstate(all="ignore"):
        steps = np.rint(np.frombuffer(array.codebook, "<f4").astype(np.float64) / scales[:, None])
    return _int8(steps).view(np.uint8)


def predicted(array: Weights, model: np.ndarray, base: np.ndarray) -> np.ndarray:
    """int8 [elements]: the base's values, in the steps of the newer model where the scales are known."""
    stored = cut(base, array.source or 0, array.length)
    if array.nibbles:
        pairs = stored.view(np.int8)
        values = np.stack([np.left_shift(pairs, 4) >> 4, pairs >> 4], axis=-1).ravel()
        values = values[: int(np.prod(array.shape, dtype=np.int64))]
    else:
        values = stored.copy().view(np.int8)
    if array.source_scales is not None and array.scales is not None:
        channels = array.shape[array.axis]
        older = floats(base, array.source_scales, channels).astype(np.float64)
        newer = floats(model, array.scales, channels).astype(np.float64)
        with np.errstate(all="ignore"):
            table = _int8(np.rint(np.arange(-128, 128) * (older / newer)[:, None]))
        apply_by_channel(array, values.view(np.uint8), np.roll(table, 128, axis=1).view(np.uint8))
    return values


def apply_by_channel(array: Weights, values: np.ndarray, tables: np.ndarray, kept: Optional[np.ndarray] = None) -> None:
    """Replaces each value by the entry of its channel's table, in place.

    Args:
        array: says which axis the channels are.
        values: uint8 [elements], or those of the elements that are kept.
        tables: uint8 [channels, entries].
        kept: bool [elements], or None for all.
    """
    inner = int(np.prod(array.shape[array.axis + 1 :], dtype=np.int64))
    if kept is not None:
        channels = np.zeros(kept.shape, np.uint16).reshape(-1, array.shape[array.axis], inner)
        channels += np.arange(len(tables), dtype=np.uint16)[:, None]
        values[:] = tables[channels.ravel()[kept], values]
        return
    rows = values.reshape(-1, array.shape[array.axis], inner)
    for channel, table in enumerate(tables):
        rows[:, channel] = table[rows[:, channel]]


def _int8(steps: np.ndarray) -> np.ndarray:
    nearest: np.ndarray = np.nan_to_num(np.clip(steps, -128, 127)).astype(np.int8)
    return nearest
