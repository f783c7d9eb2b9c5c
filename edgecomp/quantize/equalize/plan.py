"""What to rescale in a float .tflite before it is quantized, decided from weights and observed ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Exactness = Literal["exact", "exact on observed ranges"]


@dataclass(frozen=True)
class Rescaling:
    """Channels of a group of tensors are made `factor * (value - shift)`.

    Args:
        tensors: names of the tensors.
        producers: indices of the operators whose outputs change: they take the change in.
        consumers: indices of the operators that take it back out.
        factors: by channel; where a tensor has more channels, they repeat along its last axis.
        shifts: by channel, in the units before.
        exactness: "exact" if the function is the same for any input; "exact on observed ranges" if a clamp (ReLU6, or
            a ReLU in front of a shift) might act differently beyond what was observed and a margin.
        gain_db: how much less noise int8 is predicted to bring in here, in dB.
    """

    tensors: tuple[str, ...]
    producers: tuple[int, ...]
    consumers: tuple[int, ...]
    factors: tuple[float, ...]
    shifts: tuple[float, ...]
    exactness: Exactness
    gain_db: float

    @property
    def largest_factor(self) -> float:
        """Over the smallest."""
        return max(self.factors) / min(self.factors)

    def __str__(self) -> str:
        shifted = sum(one != 0 for one in self.shifts)
        what = f"channels rescaled by up to {self.largest_factor:.3g}"
        what += f", {shifted} of {len(self.shifts)} shifted" if shifted else ""
        return f"{', '.join(self.tensors)}: {what}; {self.gain_db:.1f} dB predicted; {self.exactness}"


@dataclass(frozen=True)
class Centring:
    """Logits lose what they have in common, which a softmax does not see.

    Args:
        tensor: name of the logits.
        operator: index of the operator that computes them.
        gain_db: how much smaller their power is predicted to become, in dB.
    """

    tensor: str
    operator: int
    gain_db: float

    def __str__(self) -> str:
        return f"{self.tensor}: logits centred; {self.gain_db:.1f} dB predicted; exact"


@dataclass(frozen=True)
class OutlierChannel:
    """A channel whose width sets the steps of all others of its tensor, and that no rescaling could move.

    Args:
        tensor: name.
        channel: along the last axis.
        ratio: its width over the median channel's.
    """

    tensor: str
    channel: int
    ratio: float

    def __str__(self) -> str:
        return f"{self.tensor}: channel {self.channel} is {self.ratio:.0f} times as wide as most"


@dataclass(frozen=True)
class EqualizationPlan:
    """Changes of weights that leave a network's function as it is, and what they could not help.

    A plan is for the very file it was made for: operators are named by index.
    """

    rescalings: tuple[Rescaling, ...] = ()
    centrings: tuple[Centring, ...] = ()
    outliers: tuple[OutlierChannel, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.rescalings or self.centrings)

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.rescalings, *self.centrings, *self.outliers)))


def as_floats(values: Iterable[float] | np.ndarray) -> tuple[float, ...]:
    """Plain numbers, so that plans compare, print and pickle."""
    return tuple(float(one) for one in values)
