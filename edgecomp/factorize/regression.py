"""Linear layers as regressions: weights that predict outputs from inputs, and the metric in which errors count.

Sums run over what a layer reads (its patches), so that an error counts as much as it changes what the layer gives. A
projection of the inputs to fewer channels makes a smaller regression of the same outputs; forms of low rank are one or
two such projections. Without samples every input counts alike and independently of the others, which is the plain
singular value decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_TINY = 1e-12
_BLOCK = 256

LARGEST_COVARIANCE = 2304
"""Inputs of a regression, as of a 3x3 window of 256 channels, up to which it is known how they move together; beyond
that, where it would take minutes, only how far each of them moves."""


@dataclass(frozen=True, eq=False)
class Regression:
    """Predicts `outputs` numbers from `inputs` numbers.

    Args:
        covariance: float64 [inputs, inputs], or [inputs] where inputs are taken as independent.
        weights: float64 [inputs, outputs], the best there are.
    """

    covariance: np.ndarray
    weights: np.ndarray

    @property
    def energy(self) -> float:
        """Of what is predicted: its variance, summed over the outputs."""
        return float(np.sum(self.weights * _times(self.covariance, self.weights)))


def unweighted(weights: np.ndarray) -> Regression:
    """A regression whose inputs all count alike.

    Args:
        weights: [inputs, outputs].
    """
    return Regression(np.ones(len(weights)), weights.astype(np.float64))


def observed(weights: np.ndarray, wanted: np.ndarray, given: np.ndarray) -> Regression:
    """What predicts best, from samples of other inputs, what weights made of the original's inputs.

    Covariances are drawn to a multiple of the identity as far as the samples are too few to tell them (Ledoit and Wolf
    2004, "A well-conditioned estimator for large-dimensional covariance matrices").

    Args:
        weights: [inputs, outputs] of the original layer.
        wanted: float32 [samples, inputs], what the original read.
        given: likewise, what will be read instead; the same array where that is the same.
    """
    weights = weights.astype(np.float64)
    if len(weights) > LARGEST_COVARIANCE:
        variance = given.var(axis=0, dtype=np.float64)
        return Regression(variance + (1e-3 * variance.mean() or 1.0), weights)
    centered = given - given.mean(axis=0)
    covariance = (centered.T @ centered).astype(np.float64) / len(given)
    scale = np.trace(covariance) / len(covariance) or 1.0
    share = _shrinkage(centered, covariance, scale)
    shrunk = (1 - share) * covariance
    shrunk[np.diag_indices_from(shrunk)] += share * scale
    if wanted is given:
        return Regression(shrunk, weights)
    original = wanted - wanted.mean(axis=0)
    cross = (1 - share) * ((centered.T @ original).astype(np.float64) / len(given)) @ weights + share * scale * weights
    return Regression(shrunk, np.linalg.solve(shrunk, cross))


def project(regression: Regression, cells: int, rank: int) -> tuple[np.ndarray, Regression]:
    """Reads fewer channels, so that the outputs can still be predicted as well as possible.

    Args:
        regression: its inputs are `cells` times as many channels.
        cells: parts of the inputs that are all projected alike, as the places of a window; 1 for all at once.
        rank: channels that each cell is projected to.

    Returns:
        the projection [inputs of a cell, rank], by which the channels have about the variance 1; and the regression of
        the outputs from the channels of all cells [cells * rank]. With one cell nothing does better; with several the
        projection takes cells as alike and independent of each other, and the weights are then the best for it.
    """
    if cells == 1:
        return _project_all(regression, rank)
    projection = _directions(regression, cells)[:, :rank]
    return projection, refit(regression, projection, cells)


def refit(regression: Regression, projection: np.ndarray, cells: int) -> Regression:
    """The regression of the same outputs from projected inputs.

    Args:
        regression: its inputs are `cells` times as many channels.
        projection: [inputs of a cell, rank].
        cells: parts of the inputs that are all projected alike.
    """
    covariance, cross = _projected(regression, projection, cells)
    return Regression(covariance, np.linalg.solve(covariance, cross))


def added(regression: Regression, cells: int) -> np.ndarray:
    """What each further channel of `project` adds to the prediction, once all before it are used.

    Args:
        regression: its inputs are `cells` times as many channels.
        cells: more than 1; see `project`.

    Returns:
        float64 [inputs of a cell, cells, outputs]; the sum of squares up to a rank is the energy that is kept there.
    """
    directions = _directions(regression, cells)
    covariance, cross = _projected(regression, directions, cells)
    if regression.covariance.ndim == 1:  # then cells are independent of each other too
        blocks = covariance.reshape(cells, len(directions), cells, -1)
        parts = np.split(cross, cells)
        return np.stack([_whitened(blocks[one, :, one], part) for one, part in enumerate(parts)], axis=1)
    # A Cholesky factor's upper left corner is that of the corner: one factor for all ranks.
    order = np.arange(len(covariance)).reshape(cells, -1).T.ravel()
    rows = _whitened(covariance[np.ix_(order, order)], cross[order])
    return rows.reshape(-1, cells, rows.shape[-1])


def energies(regression: Regression) -> np.ndarray:
    """What `project` with one cell keeps of the energy at rank 1, 2, ...: float64, rising to all of it."""
    response = regression.weights.T @ _times(regression.covariance, regression.weights)
    return np.cumsum(np.maximum(np.linalg.eigvalsh(response)[::-1], 0.0))


def _project_all(regression: Regression, rank: int) -> tuple[np.ndarray, Regression]:
    """The directions in which the outputs vary most."""
    response = regression.weights.T @ _times(regression.covariance, regression.weights)
    variances, directions = np.linalg.eigh(response)
    variances, directions = variances[::-1][:rank], directions[:, ::-1][:, :rank]
    sizes = np.sqrt(np.maximum(variances, max(variances[0], _TINY) * _TINY))
    return regression.weights @ directions / sizes, Regression(np.ones(rank), sizes[:, None] * directions.T)


def _whitened(covariance: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """The inverse of a covariance's Cholesky factor times a matrix, by forward substitution in blocks."""
    root = np.linalg.cholesky(covariance)
    rows = np.array(cross)
    for start in range(0, len(rows), _BLOCK):
        end = start + _BLOCK
        rows[start:end] -= root[start:end, :start] @ rows[:start]
        rows[start:end] = np.linalg.solve(root[start:end, start:end], rows[start:end])
    return rows


def _shrinkage(centered: np.ndarray, covariance: np.ndarray, scale: float) -> float:
    """The share of the identity: of as many samples as there are, it counts for one at least."""
    count = len(centered)
    lengths = np.einsum("ni,ni->n", centered, centered, dtype=np.float64)
    noise = (np.sum(lengths**2) / count - np.sum(covariance**2)) / count
    distance = np.sum(covariance**2) - len(covariance) * scale**2
    return float(np.clip(noise / max(distance, _TINY), 1 / count, 1.0))


def _mean_block(covariance: np.ndarray, cells: int) -> np.ndarray:
    """The covariance of a cell, on the average over all."""
    if covariance.ndim == 1:
        return np.diag(covariance.reshape(cells, -1).mean(axis=0))
    cell = len(covariance) // cells
    blocks = covariance.reshape(cells, cell, cells, cell)
    mean: np.ndarray = np.mean([blocks[place, :, place] for place in range(cells)], axis=0)
    return mean


def _directions(regression: Regression, cells: int) -> np.ndarray:
    """Projections of a cell that say most about the outputs, the best first: [inputs of a cell, inputs of a cell]."""
    inputs, outputs = regression.weights.shape
    cell = inputs // cells
    root = np.linalg.cholesky(_mean_block(regression.covariance, cells))
    spread = root.T @ regression.weights.reshape(cells, cell, outputs)
    unfolded = spread.transpose(1, 0, 2).reshape(cell, -1)
    _, directions = np.linalg.eigh(unfolded @ unfolded.T)
    return np.linalg.solve(root.T, directions[:, ::-1])


def _projected(regression: Regression, projection: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the channels of all cells their covariance, and that with the outputs."""
    covariance, (cell, rank) = regression.covariance, projection.shape
    both: np.ndarray
    if covariance.ndim == 1:
        both = np.zeros((cells, rank, cells, rank))
        for place, variances in enumerate(covariance.reshape(cells, cell)):
            both[place, :, place] = projection.T @ (variances[:, None] * projection)
    else:
        half = covariance.reshape(-1, cell) @ projection  # [inputs * cells, rank]
        both = projection.T @ half.reshape(cells, cell, cells * rank)
    both = both.reshape(cells * rank, cells * rank)
    both[np.diag_indices_from(both)] += _TINY
    predicted = _times(covariance, regression.weights).reshape(cells, cell, -1)
    return both, (projection.T @ predicted).reshape(cells * rank, -1)


def _times(covariance: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    product: np.ndarray = covariance[:, None] * matrix if covariance.ndim == 1 else covariance @ matrix
    return product
