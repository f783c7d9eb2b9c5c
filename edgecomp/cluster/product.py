"""Codebooks of several weights at once: sub-vectors that share their values, in one stage or in several.

Linde, Buzo & Gray 1980, "An Algorithm for Vector Quantizer Design"; Gong et al. 2014, "Compressing Deep Convolutional
Networks using Vector Quantization"; Stock et al. 2020, "And the Bit Goes Down", for errors that count by what the
inputs make of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 25
_PART = 1 << 22
"""Distances held at once."""


@dataclass(frozen=True, eq=False)
class ProductCode:
    """Sub-vectors by the entries they are the sum of.

    Args:
        books: float64 [entries, length] of each stage.
        indices: int [sub-vectors] of each stage.
    """

    books: tuple[np.ndarray, ...]
    indices: tuple[np.ndarray, ...]

    def decoded(self) -> np.ndarray:
        """float64 [sub-vectors, length]."""
        total: np.ndarray = sum(
            (book[index] for book, index in zip(self.books, self.indices, strict=True)), np.float64(0)
        )
        return total

    @property
    def index_bits(self) -> float:
        """What the indices take when an entropy coder knows how often each occurs."""
        return sum(_entropy_bits(index, len(book)) for book, index in zip(self.books, self.indices, strict=True))


def fit_product_code(
    vectors: np.ndarray, entries: int, *, energy: np.ndarray | None = None, stages: int = 1, seed: int = 0
) -> ProductCode:
    """Finds codebooks for sub-vectors: k-means with an error that counts by component, each stage on what is left.

    Args:
        vectors: float [n, length].
        entries: of each stage's codebook at most.
        energy: how much the squared error of each component counts, shaped like `vectors` or [length]; None counts all
            alike.
        stages: how many entries are added up for a sub-vector.
        seed: of the start, k-means++ by squared distance.
    """
    left = vectors.astype(np.float64)
    counts = np.ones_like(left) if energy is None else np.broadcast_to(np.asarray(energy, np.float64), left.shape)
    rng = np.random.default_rng(seed)
    books, indices = [], []
    for _ in range(stages):
        book = _started(left, counts, entries, rng)
        for _ in range(ROUNDS):
            index = nearest_entries(left, counts, book)
            moved = _means(left, counts, index, book)
            if np.array_equal(moved, book):
                break
            book = moved
        index = nearest_entries(left, counts, book)
        books.append(book)
        indices.append(index)
        left = left - book[index]
    return ProductCode(tuple(books), tuple(indices))


def nearest_entries(vectors: np.ndarray, energy: np.ndarray, book: np.ndarray) -> np.ndarray:
    """The entry of least weighted squared error for each sub-vector: int [n]."""
    found = np.empty(len(vectors), np.intp)
    rows = max(1, _PART // max(1, book.size))
    squares = np.square(book).T
    for start in range(0, len(vectors), rows):
        part = slice(start, start + rows)
        cost = energy[part] @ squares - 2 * (energy[part] * vectors[part]) @ book.T
        found[part] = cost.argmin(axis=1)
    return found


def _started(vectors: np.ndarray, energy: np.ndarray, entries: int, rng: np.random.Generator) -> np.ndarray:
    different = np.unique(vectors, axis=0)
    if len(different) <= entries:
        return different
    chosen = [vectors[rng.integers(len(vectors))]]
    distance = (energy * np.square(vectors - chosen[0])).sum(axis=1)
    while len(chosen) < entries and distance.sum() > 0:
        chosen.append(vectors[rng.choice(len(vectors), p=distance / distance.sum())])
        distance = np.minimum(distance, (energy * np.square(vectors - chosen[-1])).sum(axis=1))
    return np.array(chosen)


def _means(vectors: np.ndarray, energy: np.ndarray, index: np.ndarray, book: np.ndarray) -> np.ndarray:
    """Each entry moved to the weighted mean of its members; those without members stay."""
    moved: np.ndarray = book.copy()
    for axis in range(book.shape[1]):
        mass = np.bincount(index, energy[:, axis], minlength=len(book))
        total = np.bincount(index, energy[:, axis] * vectors[:, axis], minlength=len(book))
        moved[:, axis] = np.divide(total, mass, out=moved[:, axis], where=mass > 0)
    return moved


def _entropy_bits(index: np.ndarray, entries: int) -> float:
    counts = np.bincount(index, minlength=entries)
    counts = counts[counts > 0]
    return float(-(counts * np.log2(counts / counts.sum())).sum())
