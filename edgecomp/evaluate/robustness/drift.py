"""Does a file still answer the same after thousands of inferences, in no more memory? Runs in a worker process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ..chunks import Feeds
from ..parallel import Runner

INFERENCES = 10_000
SETTLED = 0.2
"""Share of the inferences after which memory has to have settled: allocators take what they need at first."""

GROWTH_LIMIT = 4 << 20
"""Bytes of growth that are no leak: allocators return and take memory in steps of about this size."""


@dataclass(frozen=True)
class Drift:
    """What became of a file over a long stream.

    Args:
        inferences: how many.
        inputs: different inputs, given in turn.
        changed: inferences whose output was not, bit for bit, the first one to that input.
        first_change: the number of the first such inference, from 0; None where there is none.
        growth_bytes: resident memory at the end less that when it had settled; None where the system does not tell.
    """

    inferences: int
    inputs: int
    changed: int
    first_change: int | None
    growth_bytes: int | None

    @property
    def stable(self) -> bool:
        """Whether nothing changed and memory did not grow."""
        return not self.changed and (self.growth_bytes or 0) <= GROWTH_LIMIT

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "stable": self.stable}


def drift(
    model: bytes, contract: Contract, *, threads: int, samples: Sequence[Feeds], inferences: int = INFERENCES
) -> Drift:
    """Runs the same inputs again and again.

    Args:
        model: a .tflite.
        contract: what its inputs and outputs are.
        threads: of the interpreter.
        samples: a few inputs, given in turn.
        inferences: how many in all, at least twice as many as samples.
    """
    runner = Runner(model, contract, threads)
    wanted = [runner.stored(feeds)[1] for feeds in samples]
    changed, first, settled = 0, None, None
    for number in range(inferences):
        if number == int(SETTLED * inferences):
            settled = _resident_bytes()
        place = number % len(samples)
        given = runner.stored(samples[place])[1]
        if not all(np.array_equal(one, other) for one, other in zip(given, wanted[place], strict=True)):
            changed += 1
            first = number if first is None else first
    end = _resident_bytes()
    return Drift(inferences, len(samples), changed, first, None if settled is None or end is None else end - settled)


def drift_words(found: Drift) -> str:
    """What was seen, in a sentence."""
    if found.changed:
        return (
            f"Of {found.inferences} inferences {found.changed} gave another output than the first to the same input, "
            f"from number {found.first_change} on."
        )
    memory = "" if found.growth_bytes is None else f", and memory grew by {max(0, found.growth_bytes) / 1e6:.1f} MB"
    sign = "" if found.stable else ": that is a leak"
    return f"{found.inferences} inferences: the same input gave the same output every time{memory}{sign}."


def _resident_bytes() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # a system without /proc
        return None
