"""What a file may cost, and what is wanted of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import InputError

Goal = Literal["latency", "size", "memory"]
GOALS: tuple[str, ...] = get_args(Goal)

GOAL_DESCRIPTIONS = {
    "latency": "the fastest, as predicted for the target",
    "size": "the smallest file",
    "memory": "the least memory while it runs",
}


@dataclass(frozen=True)
class Figures:
    """What one file costs; less is better, in all of them.

    Args:
        loss_points: accuracy lost against the float model, in percentage points; where there are no labels, answers
            that differ; where answers are no classes, the error in percent of the outputs' energy.
        latency: of one inference: milliseconds, or multiply-accumulates where the target's profile predicts no time.
        bytes: of the .tflite.
        memory: bytes of weights and activations at the most.
    """

    loss_points: float
    latency: float
    bytes: int
    memory: int

    def of(self, goal: Goal) -> float:
        """The figure that a goal is about."""
        return {"latency": self.latency, "size": float(self.bytes), "memory": float(self.memory)}[goal]

    @property
    def objectives(self) -> tuple[float, float, float]:
        """What a front is made of: loss, latency and size."""
        return self.loss_points, self.latency, float(self.bytes)


@dataclass(frozen=True)
class Limits:
    """What a file has to keep to; None where anything will do.

    Args:
        max_drop: percentage points, see `Figures.loss_points`.
        max_latency: milliseconds, predicted for the target.
        max_bytes: of the .tflite.
    """

    max_drop: float | None = None
    max_latency: float | None = None
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("--max-drop", self.max_drop), ("--max-latency", self.max_latency)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise InputError(f"{name} {value:g}: give a number, 0 or more")
        if self.max_bytes is not None and self.max_bytes < 1:
            raise InputError(f"--max-size {self.max_bytes}: give a number of bytes, as 200k or 1M")

    def exceeded(self, figures: Figures) -> tuple[str, ...]:
        """What is exceeded, in words; nothing where all is kept."""
        found = []
        if self.max_drop is not None and figures.loss_points > self.max_drop + 1e-9:
            found.append(f"{figures.loss_points:.2f} points lost where {self.max_drop:g} are allowed")
        return (*found, *self.too_large(figures.latency, figures.bytes))

    def too_large(self, latency: float, size: int) -> tuple[str, ...]:
        """What is exceeded of latency and size alone, which are known before anything is trained."""
        found = []
        if self.max_latency is not None and latency > self.max_latency:
            found.append(f"{latency:.3g} ms predicted where {self.max_latency:g} are allowed")
        if self.max_bytes is not None and size > self.max_bytes:
            found.append(f"{size} bytes where {self.max_bytes} are allowed")
        return tuple(found)

    def kept(self, figures: Figures) -> bool:
        """Whether nothing is exceeded."""
        return not self.exceeded(figures)


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)[bB]?")
_UNITS = {"": 1, "k": 1000, "m": 1_000_000}


def parse_size(text: str | int) -> int:
    """Bytes from `200k`, `1.5M` or a number.

    Raises:
        InputError: it is no size.
    """
    found = _SIZE.fullmatch(str(text).strip())
    if found is None or float(found[1]) == 0:
        raise InputError(f"{text!r} is no size: give bytes, or thousands and millions of them as 200k and 1.5M")
    return round(float(found[1]) * _UNITS[found[2].lower()])


def best(candidates: dict[str, Figures], limits: Limits, goal: Goal) -> str | None:
    """The name of the candidate that keeps the limits and is best at the goal; None where none keeps them.

    Where several are equally good, the one that loses least. Where nothing limits what may be lost, that comes first: a
    file that knows nothing is always the smallest.
    """

    def order(name: str) -> tuple[float, float]:
        cost, loss = candidates[name].of(goal), candidates[name].loss_points
        return (loss, cost) if limits.max_drop is None else (cost, loss)

    return min((name for name, figures in candidates.items() if limits.kept(figures)), key=order, default=None)


def nearest(candidates: dict[str, Figures], limits: Limits) -> str:
    """The name of the candidate that exceeds the limits least, each in shares of itself; of at least one."""

    def excess(name: str) -> tuple[float, float]:
        figures = candidates[name]
        pairs = (
            (figures.loss_points, limits.max_drop),
            (figures.latency, limits.max_latency),
            (float(figures.bytes), limits.max_bytes),
        )
        shares = [max(0.0, have - most) / max(most, 1e-3) for have, most in pairs if most is not None]
        return max(shares, default=0.0), figures.loss_points

    return min(candidates, key=excess)
