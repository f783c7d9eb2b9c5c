"""How much to prune, found in stages: a short training, one with most of the time, and what its outcome calls for.

Successive halving (Jamieson & Talwalkar, 2016, https://arxiv.org/abs/1502.07943) trains many for a short while and goes
on with those that are best so far. Here the gentlest pruning is always best so far, and what is wanted is the boldest
whose loss will be small enough in the end. And the time is short: whatever is tried on the way, the last one lacks. So
a line through what was seen, and through what is usual where little was seen, says what to train next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FIRST_SHARE = 0.7
"""What the first stage prunes, of what can be."""

FIRST_TIME = 0.08
"""Share of the time that it trains. Not less: after one pass over 18,000 photos, a ResNet-8 that had lost half and one
that had lost two thirds of its multiply-accumulates were both 17 points behind, which says little of the end."""

MAIN_TIME = 0.62
"""Share of the time that the main training has. The rest is for a gentler one where it missed the budget, or for a
bolder one where it kept it easily."""

LEAST_TIME = 0.04
"""Share of the time that is still worth a training."""

DECAY, DECAY_SPREAD = 0.7, 0.4
"""A loss falls with this power of the time trained, as far as nothing is known: what is lost against the original, not
the error itself. That ResNet-8, trained on 16,000 photos of CIFAR-10 and judged by 4,000 that no network had seen, was
8.6 points behind without three quarters after 800 steps and 3.5 after 7,000; 2.8 without two thirds after 4,900, and
1.6 after 9,000: the last part is the steepest."""

SLOPE, SLOPE_SPREAD = 5.0, 1.5
"""The logarithm of a loss rises by this much for all that can be pruned: between the gentlest and the boldest lies a
factor of a hundred and fifty, give or take one of four."""

LOG_NOISE = 0.2
"""Of the logarithm of a loss, from one training to the next."""

LEAST_SLOPE, LEAST_DECAY = 2.0, 0.0

SMALLEST_LOSS = 0.05
"""Points; below, a loss is counting noise."""

LARGEST_LOSS = 20.0
"""Points; above, a network has only begun to learn again, and how far it still is says nothing of where it ends."""

BOLDEST, GENTLEST = 0.97, 0.05
BOLDER = 0.5
"""Of what the boldest so far has left, that the next may go further: no line reaches far beyond its points."""


@dataclass(frozen=True)
class Run:
    """A training that was done.

    Args:
        share: that was pruned, of what can be; 0 is the network as it was.
        seconds: that it was trained for; infinite where time changes nothing, as without pruning.
        loss: points lost on held samples, behind quantization.
        error: standard error of that, in points, for there are only so many samples.
    """

    share: float
    seconds: float
    loss: float
    error: float = 0.0

    def log_loss(self, floor: float) -> tuple[float, float]:
        """Logarithm of what is lost besides a floor, and how uncertain it is.

        Nothing lost on a few samples is not nothing: half a standard error is as likely, and so is one and a half.
        """
        lost = self.loss - floor
        likely = min(max(lost, self.error / 2, SMALLEST_LOSS), LARGEST_LOSS)
        return math.log(likely), math.hypot(LOG_NOISE, self.error / max(lost, self.error, SMALLEST_LOSS))


@dataclass(frozen=True)
class Trend:
    """Losses as a function of share and time: log loss = level + slope x share - decay x log seconds.

    Args:
        floor: points that the network loses as it is, which no training is about.
        level: see above, of what is lost besides.
        slope: likewise.
        decay: likewise.
    """

    floor: float
    level: float
    slope: float
    decay: float

    def loss(self, share: float, seconds: float) -> float:
        """The points that are expected to be lost."""
        return self.floor + math.exp(self.level + self.slope * share - self.decay * math.log(seconds))

    def later(self, run: Run, seconds: float) -> float:
        """The points that a run is expected to have lost when it is trained for so many more seconds."""
        left = math.exp(-self.decay * math.log1p(seconds / run.seconds))
        return min(self.floor, run.loss) + max(0.0, run.loss - self.floor) * left

    def share(self, seconds: float, allowed: float) -> float:
        """The share at which just so much is expected to be lost."""
        left = math.log(max(allowed - self.floor, SMALLEST_LOSS))
        return (left - self.level + self.decay * math.log(seconds)) / self.slope


def trend(runs: Sequence[Run]) -> Trend:
    """What runs say together, and where they say little, what is usual.

    The most likely line for normal noise in the logarithms and normal expectations of slope and decay.

    Args:
        runs: with that of share 0 and at least one other.
    """
    floor = max(0.0, next((run.loss for run in runs if math.isinf(run.seconds)), 0.0))
    trained = [run for run in runs if not math.isinf(run.seconds)]
    rows = [[1.0, run.share, -math.log(run.seconds)] for run in trained]
    losses = [run.log_loss(floor) for run in trained]
    usual = [([0.0, 1 / SLOPE_SPREAD, 0.0], SLOPE / SLOPE_SPREAD), ([0.0, 0.0, 1 / DECAY_SPREAD], DECAY / DECAY_SPREAD)]
    known = zip(rows, losses, strict=True)
    matrix = np.array([[value / noise for value in row] for row, (_, noise) in known] + [row for row, _ in usual])
    wanted = np.array([loss / noise for loss, noise in losses] + [value for _, value in usual])
    level, slope, decay = np.linalg.lstsq(matrix, wanted, rcond=None)[0].tolist()
    return Trend(floor, level, max(slope, LEAST_SLOPE), max(decay, LEAST_DECAY))


def share_for(runs: Sequence[Run], seconds: float, allowed: float) -> float:
    """The boldest share that is expected to lose no more than allowed when it is trained for so long.

    Args:
        runs: so far; that of share 0 and at least one other.
        seconds: that the next may train.
        allowed: points.

    Returns:
        a share of whole percents, `GENTLEST` to `BOLDEST`.
    """
    share = trend(runs).share(seconds, allowed)
    boldest = max(run.share for run in runs)
    share = min(share, BOLDEST, boldest + BOLDER * (1 - boldest))
    return math.floor(max(share, GENTLEST) * 100 + 1e-6) / 100
