"""What can be done to weights so that they take fewer bits: the items of a recipe, and how they are said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, get_args

from ...errors import InputError
from ...sparsify import ANY, Pattern, parse_pattern

Scope = Literal["network", "layer", "below", "pattern"]

Criterion = Literal["energy", "magnitude", "random", "gradient", "movement"]
CRITERIA: tuple[str, ...] = get_args(Criterion)
TRAINED_CRITERIA = ("gradient", "movement")
"""Those that only training can tell."""

CRITERION_DESCRIPTIONS = {
    "energy": "what a weight adds to its layer's output on --data, and the output to the answers",
    "magnitude": "how large it is",
    "random": "chance",
    "gradient": "what the loss of training says of it",
    "movement": "whether training moves it away from zero",
}

LEAST_BITS, MOST_BITS = 0.5, 8.0
MOST_VALUES = 255
MOST_ENTRIES, LENGTHS = 256, (2, 4)


@dataclass(frozen=True)
class SparsifyPass:
    """Weights become zero.

    Args:
        scope: what `amount` is: a share of all weights, of each layer's, or a magnitude below which weights go;
            "pattern" where the pattern says it.
        amount: 0 to 1 for shares; None for "pattern".
        by: one of `CRITERIA`.
        pattern: which weights go together.
    """

    scope: Scope
    amount: float | None
    by: Criterion = "energy"
    pattern: Pattern = ANY

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        return {"amount": self._said(), "by": self.by, "pattern": str(self.pattern)}

    def _said(self) -> str | None:
        if self.amount is None:
            return None
        return str(self.amount) if self.scope == "network" else f"{self.scope}={self.amount}"


@dataclass(frozen=True)
class ClusterPass:
    """Weights share few values, or cheap ones.

    Args:
        by: "values" for at most so many in each layer; "bits" for so many bits a weight, as an entropy coder counts
            them; "auto" for as few bits as the held-out calibration samples allow.
        amount: of these; None for "auto".
        price: what a bit was found to be worth, in units of the answers' error; None until then, and for "values".
    """

    by: Literal["values", "bits", "auto"]
    amount: float | None = None
    price: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        said = "auto" if self.amount is None else f"bits={self.amount}" if self.by == "bits" else f"{self.amount:g}"
        return {"values": said, "price": self.price}


@dataclass(frozen=True)
class CodebookPass:
    """Neighbouring weights share the entries of a codebook.

    Args:
        length: weights that have an entry together.
        entries: of each layer's codebook.
    """

    length: int
    entries: int

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        return {"size": f"{self.length}x{self.entries}"}


def parse_sparsity(amount: str | float | None, by: str | None = None, pattern: str | None = None) -> SparsifyPass:
    """`0.8` of all weights, `layer=0.8` of each layer's, `below=0.01` by magnitude; or what the pattern says.

    Raises:
        InputError: it is none of these, or the parts do not go together.
    """
    shape = parse_pattern(pattern or "any")
    if by is not None and by not in CRITERIA:
        raise InputError(f"weights cannot be ranked by {by!r}: give one of {', '.join(CRITERIA)}")
    if amount is None:
        if shape.share is None:
            raise InputError("say how many weights become zero: --sparsity 0.8, or a --sparsity-pattern such as 2:4")
        return SparsifyPass("pattern", None, _criterion(by or "energy"), shape)
    scope, _, number = str(amount).rpartition("=")
    value = _number(number)
    most = inf if scope == "below" else 1.0
    if value is None or scope not in ("", "layer", "below") or not 0 < value < most:
        raise InputError(
            f"cannot tell how many weights become zero from {str(amount)!r}: give a share between 0 and 1, as 0.8 (of "
            "all weights) or layer=0.8 (of each layer's), or a magnitude, as below=0.01"
        )
    if shape.share is not None:
        if scope == "below" or abs(shape.share - value) > 1e-9:
            raise InputError(f"the pattern {shape} makes {shape.share:.0%} of weights zero: leave --sparsity out")
        return SparsifyPass("pattern", None, _criterion(by or "energy"), shape)
    if scope == "below" and by not in (None, "magnitude"):
        raise InputError(f"below= is a magnitude: leave --sparsity-by {by} out")
    chosen: Scope = "network" if not scope else "layer" if scope == "layer" else "below"
    return SparsifyPass(chosen, value, "magnitude" if scope == "below" else _criterion(by or "energy"), shape)


def parse_cluster(text: str | float) -> ClusterPass:
    """`16` values a layer, `bits=3` a weight, or `auto`.

    Raises:
        InputError: it is none of these.
    """
    kind, _, number = str(text).rpartition("=")
    value = _number(number)
    if text == "auto":
        return ClusterPass("auto")
    if kind == "bits" and value is not None and LEAST_BITS <= value <= MOST_BITS:
        return ClusterPass("bits", value)
    if not kind and value is not None and 2 <= value <= MOST_VALUES and value == int(value):
        return ClusterPass("values", value)
    raise InputError(
        f"cannot tell what weights shall share from {str(text)!r}: give 2 to {MOST_VALUES} values a layer, as 16; or "
        f"bits a weight, {LEAST_BITS:g} to {MOST_BITS:g}, as bits=3; or auto"
    )


def parse_codebook(text: str) -> CodebookPass:
    """`4x256`: 4 neighbouring weights share one of 256 entries.

    Raises:
        InputError: it is not that.
    """
    match = re.fullmatch(r"(\d)x(\d{1,3})", text)
    length, entries = (int(match[1]), int(match[2])) if match else (0, 0)
    if length not in LENGTHS or not 2 <= entries <= MOST_ENTRIES:
        raise InputError(
            f"cannot tell what codebook {text!r} is: give the weights of an entry (2 or 4) and the entries (2 to "
            f"{MOST_ENTRIES}), as 4x256"
        )
    return CodebookPass(length, entries)


def _criterion(by: str) -> Criterion:
    known: dict[str, Criterion] = {name: name for name in get_args(Criterion)}
    return known[by]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
