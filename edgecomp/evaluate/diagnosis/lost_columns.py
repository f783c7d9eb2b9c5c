"""Columns of an input that rounding wipes out: a quantized tensor has one step for all of its values, and where one
column counts in thousands, another that says everything between 0 and 1 is the same number in every sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_STEPS = 2
"""Steps that a column has to span, so that more than two or three different values are left of it."""

SHOWN = 5


@dataclass(frozen=True)
class LostColumns:
    """Columns that an input cannot hold beside its others.

    Args:
        name: of the input.
        step: real size of one quantization step.
        places: of the columns that vary, but hardly by a step.
        columns: how many there are.
        widest: what the widest of the lost ones spans.
    """

    name: str
    step: float
    places: tuple[int, ...]
    columns: int
    widest: float


def find_lost(name: str, step: float, low: np.ndarray, high: np.ndarray) -> LostColumns | None:
    """Looks for them.

    Args:
        name: of the input.
        step: real size of one quantization step.
        low: smallest value of each column, float64 [columns].
        high: largest, likewise.
    """
    span = high - low
    places = np.flatnonzero((span > 0) & (span < LEAST_STEPS * step))
    if not len(places):
        return None
    return LostColumns(name, step, tuple(places.tolist()), len(span), float(span[places].max()))


def lost_columns_words(found: LostColumns) -> str:
    """The finding in a sentence or two."""
    shown = ", ".join(map(str, found.places[:SHOWN])) + (", …" if len(found.places) > SHOWN else "")
    which = f"column {shown} spans" if len(found.places) == 1 else f"columns {shown} span"
    return (
        f"Input {found.name} loses {len(found.places)} of its {found.columns} columns: one step of its integers is "
        f"{found.step:.3g}, and {which} {found.widest:.3g} at most (counted from 0); put a Normalization layer behind "
        "the input, or give --preprocess mean=…,std=… for each column"
    )
