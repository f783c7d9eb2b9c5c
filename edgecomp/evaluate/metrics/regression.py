"""How far numbers lie from what they should be, from sums that are kept for each sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Residuals:
    """What one sample adds.

    Args:
        squared: sum of squared errors.
        absolute: sum of absolute errors.
        signed: sum of (given - wanted).
        largest: largest absolute error.
        mean: of the wanted values.
        scatter: sum of their squared distances from that mean.
        count: values.
    """

    squared: float
    absolute: float
    signed: float
    largest: float
    mean: float
    scatter: float
    count: int


def residuals(given: np.ndarray, wanted: np.ndarray) -> Residuals:
    """Compares one sample's values, of the same number, with what they should be."""
    exact = wanted.astype(np.float64).reshape(-1)
    error = given.astype(np.float64).reshape(-1) - exact
    size, mean = np.abs(error), float(exact.mean())
    scatter = float(np.square(exact - mean).sum())
    return Residuals(
        float(error @ error), float(size.sum()), float(error.sum()), float(size.max()), mean, scatter, error.size
    )


def regression_figures(rows: np.ndarray) -> dict[str, float | None]:
    """Figures over samples.

    Args:
        rows: float64 [n, 7]: `Residuals` in the order of its fields; n at least 1.

    Returns:
        mse, rmse, mae, bias, max_error; and r2, the share of the wanted values' scatter that is explained, None where
        they do not scatter.
    """
    squared, absolute, signed, _, _, scatter, count = rows.sum(axis=0)
    centre = float(rows[:, 4] @ rows[:, 6]) / count
    total = scatter + float(np.square(rows[:, 4] - centre) @ rows[:, 6])
    return {
        "mse": squared / count,
        "rmse": float(np.sqrt(squared / count)),
        "mae": absolute / count,
        "bias": signed / count,
        "max_error": float(rows[:, 3].max()),
        "r2": 1 - squared / total if total > 0 else None,
    }
