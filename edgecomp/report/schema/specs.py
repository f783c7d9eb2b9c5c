"""The kinds of value that a schema is written with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Number:
    """A finite number within `low` and `high`; without a fraction where `whole`. NumPy's scalars count as numbers."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False


@dataclass(frozen=True)
class Anything:
    """Any JSON value; what it may not hold is NaN or infinity."""


@dataclass(frozen=True)
class Items:
    """A list whose items all look alike; of exactly `length` items where that is given."""

    item: Spec
    length: int | None = None


@dataclass(frozen=True)
class Fields:
    """An object: what is known of its keys. Other keys may hold anything."""

    known: Mapping[str, Spec]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class ByName:
    """An object with any keys, whose values all look alike."""

    item: Spec


Spec = Text | Flag | Number | Anything | Items | Fields | ByName

COUNT = Number(low=0, high=2**63 - 1, whole=True)
POSITIVE = Number(low=0)
FRACTION = Number(low=0, high=1)
RANGE = Items(Number(), length=2)
SHARE = Number(low=-1, high=1)
"""A share, or a difference of two."""

METRIC = Fields({"name": Text(), "value": Number(), "n": COUNT})
