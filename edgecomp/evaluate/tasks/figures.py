"""What every task gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from ..metrics import Outputs


@dataclass(frozen=True)
class Figures:
    """What one model scored.

    Args:
        name: the figure that counts most: "top1", "mse", …
        value: that figure; None where it is not defined on these samples.
        n: samples.
        more_is_better: whether a higher value is the better one.
        interval: where the value most likely lies (95%); None where that is not known.
        method: how the interval was found: "wilson" or "bootstrap".
        others: further figures by name; None where one is not defined.
        classes: figures by class, each with its name.
        confusion: how often each class (row) was answered by each (column), where there are not too many.
    """

    name: str
    value: float | None
    n: int
    more_is_better: bool
    interval: tuple[float, float] | None = None
    method: str | None = None
    others: dict[str, float | None] = field(default_factory=dict)
    classes: tuple[dict[str, Any], ...] = ()
    confusion: list[list[int]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        data = asdict(self)
        data["classes"] = list(self.classes)
        data["interval"] = None if self.interval is None else list(self.interval)
        return data


class Tally(Protocol):
    """Keeps of each sample what its task's figures are made of; memory grows with samples, not with outputs."""

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one labelled sample.

        Raises:
            InputError: the label does not fit the output.
        """
        ...

    def headline(self, places: np.ndarray) -> float | None:
        """The figure that counts most, of the samples at these positions, int64 [n]."""
        ...

    def figures(self, names: Sequence[str]) -> Figures:
        """Everything, with the classes called by these names, or by number where there are none.

        The interval is left to `interval`, which takes time.
        """
        ...


def class_name(names: Sequence[str], place: int) -> str:
    """A class' name, or its number as text."""
    return names[place] if place < len(names) else str(place)
