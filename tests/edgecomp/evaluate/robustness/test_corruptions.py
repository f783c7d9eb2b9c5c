"""Worse inputs: each corruption does what it says, in the range and the type that it was given."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.evaluate.robustness.adversarial import Bounds, attacked
from edgecomp.evaluate.robustness.corruptions import CORRUPTIONS, NOISE, Corruption, corrupted, is_photo

BY_NAME = {one.name: one for one in CORRUPTIONS}


def photo(channels: int = 3) -> np.ndarray:
    """A bright disc on a dark slope, uint8 [24, 32, channels]."""
    y, x = np.mgrid[:24, :32]
    disc = 160 * ((y - 10) ** 2 + (x - 14) ** 2 < 40) + 2 * x
    return np.repeat(disc[..., None], channels, axis=2).astype(np.uint8)


def worse(corruption: Corruption, strength: float, values: np.ndarray | None = None) -> np.ndarray:
    values = photo() if values is None else values
    return corrupted(values, corruption, strength, low=0.0, high=255.0, rng=np.random.default_rng(3))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_photos_stay_photos_and_move_further_with_strength(corruption: Corruption, channels: int) -> None:
    clean = photo(channels)
    before = clean.copy()
    made = [worse(corruption, strength, clean) for strength in corruption.strengths]
    assert all(one.dtype == np.uint8 and one.shape == clean.shape for one in made)
    assert np.array_equal(clean, before)
    distance = [float(np.abs(one.astype(int) - clean).mean()) for one in made]
    assert distance[0] > 0
    assert distance[-1] > distance[0]


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda one: one.name)
def test_the_same_seed_gives_the_same_photo(corruption: Corruption) -> None:
    assert np.array_equal(worse(corruption, corruption.strengths[2]), worse(corruption, corruption.strengths[2]))


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert worse(NOISE, 0.1, grey).astype(float).std() == pytest.approx(25.5, rel=0.03)


def test_brightness_contrast_and_shift_are_exact() -> None:
    grey = np.full((10, 10, 1), 100, np.uint8)
    assert np.all(worse(BY_NAME["brightness"], 0.2, grey) == 151)
    assert np.all(worse(BY_NAME["darkness"], 0.2, grey) == 49)
    assert np.all(worse(BY_NAME["contrast"], 0.9, grey) == 100)
    clean = photo()
    moved = worse(BY_NAME["shift"], 0.25, clean)
    fitting = [np.roll(clean, (dy, dx), (0, 1))[8:-8, 9:-9] for dy in (-6, 6) for dx in (-8, 8)]
    assert any(np.array_equal(moved[8:-8, 9:-9], one) for one in fitting)


def test_a_rotation_by_a_quarter_is_numpys() -> None:
    square = np.random.default_rng(0).integers(0, 256, (9, 9, 1)).astype(np.uint8)
    turned = worse(BY_NAME["rotation"], 90, square)
    assert any(np.array_equal(turned, np.rot90(square, times)) for times in (1, 3))


def test_blur_keeps_the_mean_and_takes_the_edges() -> None:
    clean = photo()
    made = worse(BY_NAME["blur"], 2.0, clean).astype(float)
    assert made.mean() == pytest.approx(clean.mean(), rel=0.05)
    assert np.abs(np.diff(made, axis=1)).max() < np.abs(np.diff(clean.astype(int), axis=1)).max() / 2


def test_tables_take_noise_in_their_own_range_and_are_not_clipped() -> None:
    rows = np.linspace(-4, 4, 400, dtype=np.float32)
    made = corrupted(rows, NOISE, 0.1, low=-4.0, high=4.0, rng=np.random.default_rng(0))
    assert made.dtype == np.float32
    assert (made - rows).std() == pytest.approx(0.8, rel=0.1)
    assert made.max() > 4
    assert not is_photo(rows.shape)


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_attacks_raise_the_loss_within_their_reach(method: str) -> None:
    weights = np.array([[1.0, -2.0, 0.5]], np.float32)

    def gradient(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.where(labels[:, None] == 1, -weights, weights)

    inputs, labels = np.full((4, 3), 0.5, np.float32), np.array([0, 1, 0, 1])
    bounds = Bounds(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))
    moved = attacked(method, inputs, labels, strength=0.1, bounds=bounds, gradient=gradient, seed=0)
    assert np.abs(moved - inputs).max() <= 0.1 + 1e-6
    signs = np.where(labels[:, None] == 1, -1, 1) * np.sign(weights)
    assert np.allclose(moved, inputs + 0.1 * signs, atol=1e-5)
    near_edge = attacked(
        method, np.full((1, 3), 0.95, np.float32), np.array([0]), strength=0.1, bounds=bounds, gradient=gradient, seed=0
    )
    assert near_edge.max() <= 1.0
