"""The other half of the device package's `LaneDecoder`: puts symbols on the lanes."""

from __future__ import annotations

import numpy as np
from edgecomp_runtime.transport.adaptive import FULL, PRECISION, Frequencies, chunks
from edgecomp_runtime.transport.rans import LOWEST, WORD

# Few lanes cost fewer bytes (each leaves 4), many make decoding fast; a lane gets about this many symbols.
SYMBOLS_A_LANE = 4096
MOST_LANES = 1024


def intervals(
    model: Frequencies, contexts: np.ndarray | None, symbols: np.ndarray, *, last: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """What the adaptive tables give each symbol.

    Args:
        model: what was learned so far, or a prior; learns from these symbols.
        contexts: uint8 [symbols], or None where there is one context.
        symbols: uint8 [symbols].
        last: whether nothing need be learned from the end any more.

    Returns:
        (frequency, start) of each symbol, uint16 [symbols] both; a frequency of 2 ** 14 is the largest.
    """
    frequency, start = np.empty(len(symbols), np.uint16), np.empty(len(symbols), np.uint16)
    for first, stop in chunks(len(symbols)):
        keys = symbols[first:stop].astype(np.intp)
        if contexts is not None:
            keys += contexts[first:stop].astype(np.intp) * model.alphabet
        frequency[first:stop] = model.frequency[keys]
        start[first:stop] = model.start[keys]
        if stop < len(symbols) or not last:
            model.observe(keys)
    return frequency, start


def cost(counts: np.ndarray, contexts: np.ndarray | None, symbols: np.ndarray) -> float:
    """Bytes that coding `symbols` so would take, as a fraction of a byte may.

    Args:
        counts: int64 [contexts, alphabet], the prior.
        contexts: uint8 [symbols], or None where there is one context.
        symbols: uint8 [symbols].
    """
    return more_cost(Frequencies(counts), contexts, symbols, last=True)


def more_cost(model: Frequencies, contexts: np.ndarray | None, symbols: np.ndarray, *, last: bool = False) -> float:
    """The same for a part of an array; see `intervals`."""
    frequency, _ = intervals(model, contexts, symbols, last=last)
    return float(PRECISION * len(frequency) - np.log2(frequency.astype(np.float64)).sum()) / 8


class LaneEncoder:
    """Collects symbols in the order in which they will be decoded; rANS then codes them from the last to the first."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def put(self, counts: np.ndarray, contexts: np.ndarray | None, symbols: np.ndarray) -> None:
        """Adds one array; see `cost`."""
        self.put_more(Frequencies(counts), contexts, symbols, last=True)

    def put_more(
        self, model: Frequencies, contexts: np.ndarray | None, symbols: np.ndarray, *, last: bool = False
    ) -> None:
        """Adds a part of an array; see `intervals`."""
        frequency, start = intervals(model, contexts, symbols, last=last)
        # Lanes start anew with every chunk.
        self._parts += [(frequency[first:last], start[first:last]) for first, last in chunks(len(symbols))]

    def finish(self) -> tuple[bytes, bytes, int]:
        """(states, words, number of lanes) for the decoder."""
        count = sum(len(frequency) for frequency, _ in self._parts)
        lanes = min(max(1, count // SYMBOLS_A_LANE), MOST_LANES)
        state = np.full(lanes, LOWEST, np.uint64)
        words: list[np.ndarray] = []
        for frequency, start in reversed(self._parts):
            steps = range((len(frequency) - 1) // lanes * lanes, -1, -lanes)
            words += [_push(state, frequency[at : at + lanes], start[at : at + lanes]) for at in steps]
        emitted = np.concatenate(words[::-1]) if words else np.empty(0, np.uint16)
        return state.astype("<u4").tobytes(), emitted.astype(WORD).tobytes(), lanes


def _push(state: np.ndarray, frequency: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Codes one symbol on each of the first lanes, in place; returns the words that made room for them."""
    part, wide = state[: len(frequency)], frequency.astype(np.uint64)
    full = np.flatnonzero(part >= wide << np.uint64(32 - PRECISION))
    words: np.ndarray = part[full].astype(np.uint16)  # the low half
    part[full] >>= np.uint64(16)
    part[:] = part // wide * np.uint64(FULL) + part % wide + start
    return words
