"""The rank of a matrix in noise, by the global solution of empirical variational Bayesian matrix factorization.

Nakajima, Sugiyama, Babacan, Tomioka 2013, "Global Analytic Solution of Fully-Observed Variational Bayesian Matrix
Factorization", theorem 2 and corollary 1; Kim et al. 2015 choose the ranks of convolutions by it.
"""

from __future__ import annotations

import numpy as np

_SEARCHED = 200
"""Noise levels that are tried in a row, before the best of them is refined."""


def bayesian_rank(matrix: np.ndarray) -> int:
    """How many singular values stand out from noise, whose level is estimated as well.

    Args:
        matrix: [rows, columns].

    Returns:
        between 0 and the smaller side.
    """
    values = np.linalg.svd(matrix, compute_uv=False)
    squares, short, long = values**2, min(matrix.shape), max(matrix.shape)
    if not squares.any():
        return 0
    ratio = short / long
    edge = 2.5129 * np.sqrt(ratio)  # the paper's approximation of where the objective has its zero
    bound = (1 + edge) * (1 + ratio / edge)
    noise = _noise(squares, short, long, ratio, bound)
    return int(np.sum(squares > long * noise * bound))


def _noise(squares: np.ndarray, short: int, long: int, ratio: float, bound: float) -> float:
    """The variance of the noise that the free energy is least for."""
    most = max(min(int(np.ceil(short / (1 + ratio))) - 1, short - 1), 1) if short > 1 else 0
    rest = squares[most:]
    low = max(float(rest[0]) / (long * bound), float(rest.mean()) / long)
    high = float(squares.sum()) / (short * long)
    floor = high * 1e-12
    low, high = max(min(low, high), floor), max(high, floor)
    for _ in range(3):
        levels = np.geomspace(low, high, _SEARCHED)
        best = int(np.argmin([_free_energy(one, squares, long, ratio, bound) for one in levels]))
        low, high = levels[max(best - 1, 0)], levels[min(best + 1, _SEARCHED - 1)]
    return float(levels[best])


def _free_energy(noise: float, squares: np.ndarray, long: int, ratio: float, bound: float) -> float:
    scaled = np.maximum(squares / (long * noise), 1e-300)
    signal, rest = scaled[scaled > bound], scaled[scaled <= bound]
    middle = signal - (1 + ratio)
    shares = (middle + np.sqrt(np.maximum(middle**2 - 4 * ratio, 0))) / 2
    return float(
        np.sum(rest - np.log(rest))
        + np.sum(signal - shares)
        + np.sum(np.log((shares + 1) / signal))
        + ratio * np.sum(np.log(shares / ratio + 1))
    )
