"""What is counted about a model's answers, one sample at a time; on the workstation and on the device alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np

Outputs = list[np.ndarray]
"""One sample's outputs as float32, in the order of the signature."""

_Z95 = 1.959963984540054
"""The standard normal distribution has 95% between minus and plus this."""


@dataclass(frozen=True)
class Metric:
    """A figure of merit with the number of samples behind it.

    Args:
        name: "top1" (share of right answers, 0 to 1, more is better) or "mse" (mean squared error, less is better).
        value: the figure.
        n: samples.
    """

    name: str
    value: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        return {"name": self.name, "value": self.value, "n": self.n}


def answer(outputs: Outputs, binary_threshold: float) -> int:
    """The class a classifier answers: the largest score, or for a single score whether it is above the threshold.

    A single whole number is the class itself, as of a model that ends in an argmax.
    """
    scores = outputs[0].reshape(-1)
    if scores.size == 1 and not np.issubdtype(scores.dtype, np.floating):
        return int(scores[0])
    if scores.size == 1:
        return int(scores[0] > binary_threshold)
    return int(np.argmax(scores))


@dataclass
class Score:
    """Counts right answers or squared errors of one model against labels.

    Args:
        classification: whether labels are class indices.
        binary_threshold: of a model with a single score: 0.5 for a probability, 0 for a logit.
    """

    classification: bool
    binary_threshold: float = 0.5
    n: int = 0
    total: float = 0.0

    def add(self, outputs: Outputs, label: Any) -> None:
        """Counts one labelled sample."""
        self.n += 1
        if self.classification:
            self.total += answer(outputs, self.binary_threshold) == int(label)
        else:
            wanted = np.asarray(label, np.float64).reshape(-1)
            self.total += float(np.mean((outputs[0].astype(np.float64).reshape(-1) - wanted) ** 2))

    def metric(self) -> Optional[Metric]:
        """The figure, or None before the first labelled sample."""
        if not self.n:
            return None
        return Metric("top1" if self.classification else "mse", self.total / self.n, self.n)


@dataclass
class Fidelity:
    """How close one model's answers are to a reference's, labels or not.

    Args:
        classification: whether the answers are classes, so that agreement means the same class.
        binary_threshold: see `Score`.
    """

    classification: bool
    binary_threshold: float = 0.5
    n: int = 0
    agreed: int = 0
    signal: float = field(default=0.0)
    noise: float = field(default=0.0)

    def add(self, reference: Outputs, outputs: Outputs) -> None:
        """Counts one sample."""
        self.n += 1
        if self.classification:
            self.agreed += answer(reference, self.binary_threshold) == answer(outputs, self.binary_threshold)
        for wanted, got in zip(reference, outputs):
            exact = wanted.astype(np.float64)
            self.signal += float(np.sum(exact**2))
            self.noise += float(np.sum((exact - got) ** 2))

    @property
    def agreement(self) -> Optional[float]:
        """Share of samples with the same class, 0 to 1; None where the answers are not classes."""
        return self.agreed / self.n if self.classification and self.n else None

    @property
    def sqnr_db(self) -> Optional[float]:
        """Signal to quantization noise ratio over all outputs, in dB; None without a difference or a signal."""
        return sqnr_db(self.signal, self.noise)


def sqnr_db(signal: float, noise: float) -> Optional[float]:
    """Ratio of two energies in dB; None where it is infinite or undefined."""
    if noise <= 0 or signal <= 0:
        return None
    return 10 * math.log10(signal / noise)


def wilson_interval(right: float, n: int) -> tuple[float, float]:
    """Where a share most likely lies (95%), having been seen `right` times in `n`.

    Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        right: how often.
        n: of how many, at least 1.
    """
    share, spread = right / n, _Z95**2 / n
    middle = share + spread / 2
    reach = _Z95 * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return (max(0.0, low) if right else 0.0), (min(1.0, high) if right < n else 1.0)
