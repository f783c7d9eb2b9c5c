"""Soft sharing: weights as draws from a mixture of Gaussians, one of which may stand at zero.

Nowlan & Hinton 1992, "Simplifying Neural Networks by Soft Weight-Sharing"; Ullrich et al. 2017, "Soft Weight-Sharing
for Neural Network Compression". Training that adds the negative log-likelihood draws weights towards the means;
afterwards each takes that of the component which is most likely to have made it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .codebooks import assign, fit_centroids

ROUNDS = 60
LEAST_DEVIATION = 1e-3
"""Of a component, in deviations of all weights: narrower ones would end on a single weight."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of Gaussians in one dimension.

    Args:
        means: float64 [components], ascending.
        deviations: float64 [components], positive.
        shares: float64 [components], adding up to 1.
    """

    means: np.ndarray
    deviations: np.ndarray
    shares: np.ndarray

    def log_likelihood(self, values: np.ndarray) -> np.ndarray:
        """Of each value: float64, of the values' shape."""
        joint = self._joint(values)
        highest = joint.max(axis=-1)
        found: np.ndarray = highest + np.log(np.exp(joint - highest[..., None]).sum(axis=-1))
        return found

    def responsibilities(self, values: np.ndarray) -> np.ndarray:
        """How likely each component has made each value: float64 [..., components]."""
        joint = self._joint(values)
        odds = np.exp(joint - joint.max(axis=-1, keepdims=True))
        shares: np.ndarray = odds / odds.sum(axis=-1, keepdims=True)
        return shares

    def gradient(self, values: np.ndarray) -> np.ndarray:
        """Of the log-likelihood with respect to each value: float64, of the values' shape."""
        pulls = (self.means - np.asarray(values, np.float64)[..., None]) / np.square(self.deviations)
        gradient: np.ndarray = (self.responsibilities(values) * pulls).sum(axis=-1)
        return gradient

    def assign(self, values: np.ndarray) -> np.ndarray:
        """The component that is most likely to have made each value: uint8, of the values' shape."""
        chosen: np.ndarray = self._joint(values).argmax(axis=-1).astype(np.uint8)
        return chosen

    def _joint(self, values: np.ndarray) -> np.ndarray:
        distance = (np.asarray(values, np.float64)[..., None] - self.means) / self.deviations
        joint: np.ndarray = (
            np.log(self.shares) - np.log(self.deviations) - 0.5 * (np.square(distance) + np.log(2 * np.pi))
        )
        return joint


def fit_mixture(
    values: np.ndarray, count: int, *, weights: np.ndarray | None = None, zero_share: float | None = None
) -> Mixture:
    """Fits a mixture by expectation and maximization.

    Args:
        values: float of any shape, not empty.
        count: components wanted.
        weights: how much each value counts, of the same shape; None counts all alike.
        zero_share: the share of the component at zero, which is then held; None holds none.

    Returns:
        the mixture, with fewer components where there are not as many different values.
    """
    points, which = np.unique(values.astype(np.float64).ravel(), return_inverse=True)
    given = np.ones(values.size) if weights is None else weights.astype(np.float64).ravel()
    mass = np.bincount(which.ravel(), given, minlength=len(points))
    mass = mass / mass.sum()
    means = fit_centroids(points, count, weights=mass, start="density", keep_zero=zero_share is not None)
    spread = float(np.sqrt(np.sum(mass * np.square(points - np.sum(mass * points))))) or 1.0
    least = LEAST_DEVIATION * spread
    shares = np.maximum(np.bincount(assign(points, means), mass, minlength=len(means)), 1e-6)
    mixture = Mixture(means, np.full(len(means), max(spread / len(means), least)), shares / shares.sum())
    zero = None if zero_share is None else int(np.abs(means).argmin())
    for _ in range(ROUNDS):
        mixture = _maximized(mixture, points, mass, least, zero, zero_share)
    order = np.argsort(mixture.means, kind="stable")
    return Mixture(mixture.means[order], mixture.deviations[order], mixture.shares[order])


def _maximized(
    mixture: Mixture, points: np.ndarray, mass: np.ndarray, least: float, zero: int | None, zero_share: float | None
) -> Mixture:
    taken = mixture.responsibilities(points) * mass[:, None]
    totals = np.maximum(taken.sum(axis=0), 1e-12)
    means = points @ taken / totals
    if zero is not None:
        means[zero] = 0.0
    squares = (np.square(points[:, None] - means) * taken).sum(axis=0) / totals
    shares = totals / totals.sum()
    if zero is not None and zero_share is not None and len(shares) > 1:
        others = np.delete(shares, zero).sum()
        shares = shares * (1 - zero_share) / others
        shares[zero] = zero_share
    return Mixture(means, np.maximum(np.sqrt(squares), least), shares)
