"""Decoding by range asymmetric numeral systems (rANS), many lanes at once.

J. Duda, "Asymmetric numeral systems", arXiv:1311.2540; interleaved as F. Giesen, "Interleaved entropy coders",
arXiv:1402.3392. Symbol i belongs to lane i modulo the number of lanes; all lanes draw from one sequence of words.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from ..errors import IntegrityError
from .adaptive import FULL, PRECISION, Frequencies, chunks

# A lane's state lies in [LOWEST, 2 ** 32); it is filled up by words of 16 bits.
LOWEST = 1 << 16
WORD = np.dtype("<u2")


class LaneDecoder:
    """Takes symbols off the lanes.

    Args:
        states: uint32 [lanes].
        words: uint16 [any].
    """

    def __init__(self, states: np.ndarray, words: np.ndarray) -> None:
        self._states = states
        self._words = words
        self._at = 0

    def take(self, counts: np.ndarray, contexts: Optional[np.ndarray], out: np.ndarray) -> None:
        """Decodes one array.

        Args:
            counts: int64 [contexts, alphabet], the prior.
            contexts: uint8 [symbols], or None where there is one context.
            out: uint8 [symbols], filled.

        Raises:
            IntegrityError: the words end too early.
        """
        self.take_more(Frequencies(counts), contexts, out, last=True)

    def take_more(
        self, model: Frequencies, contexts: Optional[np.ndarray], out: np.ndarray, *, last: bool = False
    ) -> None:
        """Decodes a part of an array.

        Args:
            model: what was learned from the parts before; learns from this one, too.
            contexts: see `take`.
            out: see `take`.
            last: whether nothing need be learned from the end any more.

        Raises:
            IntegrityError: the words end too early.
        """
        for start, stop in chunks(len(out)):
            rows = np.zeros(stop - start, np.intp) if contexts is None else contexts[start:stop].astype(np.intp)
            self._chunk(model, rows, out[start:stop])
            if stop < len(out) or not last:
                model.observe(rows * model.alphabet + out[start:stop])

    def _chunk(self, model: Frequencies, rows: np.ndarray, out: np.ndarray) -> None:
        frequency, start, symbols = model.frequency, model.start, model.symbols()
        slots, keys = rows << PRECISION, rows * model.alphabet
        lanes = len(self._states)
        for at in range(0, len(out), lanes):
            stop = min(at + lanes, len(out))
            state = self._states[: stop - at]
            slot = state & np.uint32(FULL - 1)
            symbol = symbols.take(slots[at:stop] + slot.astype(np.intp))  # 32-bit boards take no wider index
            out[at:stop] = symbol
            key = keys[at:stop] + symbol
            state = frequency.take(key) * (state >> np.uint32(PRECISION)) + (slot - start.take(key))
            self._states[: stop - at] = self._fill(state)

    def _fill(self, state: np.ndarray) -> np.ndarray:
        low = np.flatnonzero(state < LOWEST)
        if low.size:
            words = self._words[self._at : self._at + low.size]
            if len(words) < low.size:
                raise IntegrityError("the coded model ends too early; fetch it again")
            state[low] = (state[low] << np.uint32(16)) | words
            self._at += low.size
        return state

    def finish(self) -> None:
        """Checks that nothing is left over.

        Raises:
            IntegrityError: words are left, or a lane does not end where its encoder began.
        """
        if self._at != len(self._words) or (self._states != LOWEST).any():
            raise IntegrityError("the coded model does not end where it should; fetch it again")
