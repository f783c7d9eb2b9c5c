"""Which weights go together."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..errors import InputError

LARGEST = 64
"""Of a group or a block's side; more is a mistake."""


@dataclass(frozen=True)
class Pattern:
    """Where zeros may be.

    Args:
        block: outputs and taps of the blocks that become zero together; (1, 1) for single weights.
        kept: of each `group` successive taps of an output, so many stay; 0 where any number may.
        group: see `kept`.
    """

    block: tuple[int, int] = (1, 1)
    kept: int = 0
    group: int = 0

    def __str__(self) -> str:
        if self.group:
            return f"{self.kept}:{self.group}"
        return "any" if self.block == (1, 1) else f"{self.block[0]}x{self.block[1]}"

    @property
    def share(self) -> float | None:
        """The share of zeros that the pattern itself gives, or None where it leaves that open."""
        return 1 - self.kept / self.group if self.group else None

    def pooled(self, scores: np.ndarray) -> np.ndarray:
        """Scores of blocks: the mean over each. Blocks at the edges are smaller where sides do not divide.

        Args:
            scores: float [outputs, taps].

        Returns:
            float64 [blocks along outputs, blocks along taps].
        """
        if self.block == (1, 1):
            return scores.astype(np.float64)
        starts = [np.arange(0, size, side) for size, side in zip(scores.shape, self.block, strict=True)]
        sums = np.add.reduceat(np.add.reduceat(scores.astype(np.float64), starts[0], axis=0), starts[1], axis=1)
        return np.asarray(sums / self.members(scores.shape), np.float64)

    def members(self, shape: tuple[int, ...]) -> np.ndarray:
        """How many weights each block has: int [blocks along outputs, blocks along taps]."""
        sizes = [
            np.minimum(side, size - np.arange(0, size, side)) for size, side in zip(shape, self.block, strict=True)
        ]
        return np.outer(*sizes)

    def spread(self, blocks: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The inverse of `pooled`: what holds for a block holds for each of its weights, [outputs, taps]."""
        rows, columns = (np.arange(size) // side for size, side in zip(shape, self.block, strict=True))
        spread: np.ndarray = blocks[rows[:, None], columns]
        return spread


ANY = Pattern()
"""Single weights, wherever they are."""


def parse_pattern(text: str) -> Pattern:
    """`any`; `2:4` keeps 2 of every 4 weights along the inputs; `4x1` makes blocks of 4 outputs and 1 input zero.

    Raises:
        InputError: it is none of these.
    """
    if text == "any":
        return ANY
    match = re.fullmatch(r"(\d{1,3})([:x])(\d{1,3})", text)
    if match:
        first, second = int(match[1]), int(match[3])
        if match[2] == ":" and 0 < first < second <= LARGEST:
            return Pattern(kept=first, group=second)
        if match[2] == "x" and min(first, second) > 0 and max(first, second) <= LARGEST:
            return Pattern(block=(first, second))
    raise InputError(
        f"sparsity pattern {text!r}: give any (single weights), 2:4 (2 of every 4 weights stay) or 4x1 (blocks of 4 "
        f"outputs and 1 input), with numbers up to {LARGEST}"
    )
