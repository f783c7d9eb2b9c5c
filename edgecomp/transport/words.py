"""Ways of coding numbers of two or four bytes: float weights, biases, scales."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from edgecomp_runtime.transport.adaptive import FLAT, prior
from edgecomp_runtime.transport.plan import Words

from .lane_encoder import LaneEncoder, cost

_STRENGTHS = (0, 3, 6, 9, 12)
MOST_ENTRIES = 256


@dataclass(frozen=True)
class CodedWords:
    """Symbols of each plane, or of the indices, ready to be put on the lanes.

    Args:
        plan: how they are read.
        planes: (contexts or None, symbols) of each, uint8 [numbers].
        nbytes: what all of it costs.
    """

    plan: Words
    planes: tuple[tuple[np.ndarray | None, np.ndarray], ...]
    nbytes: float

    def put(self, lanes: LaneEncoder) -> None:
        alphabet = len(self.plan.codebook) // self.plan.width or 256
        for (contexts, symbols), strength in zip(self.planes, self.plan.strengths, strict=True):
            lanes.put(_prior(alphabet, contexts, strength), contexts, symbols)


def best_words(
    regions: tuple[tuple[int, int], ...], numbers: np.ndarray, *, floating: bool, sources: tuple[int, ...] = ()
) -> CodedWords:
    """The cheapest of the ways there are.

    Args:
        regions: where the numbers are, (start, length) in bytes.
        numbers: uint16 or uint32 [numbers], what is stored; with `sources`, what is stored less what the base has.
        floating: whether they are floats.
        sources: see `Words`.
    """
    straight = _folded(numbers, floating)
    planes = []
    seen = np.zeros(len(numbers), np.uint8)
    by_byte = straight.view(np.uint8).reshape(-1, numbers.itemsize)
    for plane in range(numbers.itemsize - 1, -1, -1):
        symbols = np.ascontiguousarray(by_byte[:, plane])
        planes.append((seen, symbols))
        seen = seen | (symbols != 0)
    found = [_coded(Words(regions, numbers.itemsize, floating, (), b"", sources), tuple(planes))]
    occurring = np.unique(numbers) if len(numbers) else numbers
    if not sources and 0 < len(occurring) <= min(MOST_ENTRIES, len(numbers) // 2):
        indices = np.searchsorted(occurring, numbers).astype(np.uint8)
        plan = Words(regions, numbers.itemsize, floating, (), occurring.tobytes())
        found.append(_coded(plan, ((None, indices),)))
    return min(found, key=lambda one: one.nbytes)


def _coded(plan: Words, planes: tuple[tuple[np.ndarray | None, np.ndarray], ...]) -> CodedWords:
    alphabet = len(plan.codebook) // plan.width or 256
    costs = [
        min((cost(_prior(alphabet, contexts, strength), contexts, symbols), strength) for strength in _STRENGTHS)
        for contexts, symbols in planes
    ]
    chosen = replace(plan, strengths=tuple(strength for _, strength in costs))
    return CodedWords(chosen, planes, len(plan.codebook) + sum(nbytes for nbytes, _ in costs))


def _prior(alphabet: int, contexts: np.ndarray | None, strength: int) -> np.ndarray:
    return prior(alphabet, 0, np.full(1 if contexts is None else 2, FLAT), strength)


def _folded(numbers: np.ndarray, floating: bool) -> np.ndarray:
    """Signs go to the lowest bit: of floats as they are, of integers by zigzag coding."""
    one, top = numbers.dtype.type(1), numbers.dtype.type(8 * numbers.itemsize - 1)
    signs = numbers >> top
    if floating:
        folded: np.ndarray = numbers << one | signs
    else:
        folded = (numbers << one) ^ (~signs + one)
    return folded
