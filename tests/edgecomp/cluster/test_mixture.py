"""A mixture finds the values that weights were drawn around, holds zero where asked, and its gradient is right."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.cluster import fit_mixture

MEANS = np.array([-2.0, 0.0, 1.0])


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (MEANS[rng.integers(0, 3, 3000)] + 0.1 * rng.normal(size=3000)).reshape(30, 100)


def test_the_components_are_where_the_weights_are(drawn: np.ndarray) -> None:
    mixture = fit_mixture(drawn, 3)
    np.testing.assert_allclose(mixture.means, MEANS, atol=0.02)
    np.testing.assert_allclose(mixture.deviations, 0.1, atol=0.02)
    np.testing.assert_allclose(mixture.shares, 1 / 3, atol=0.05)
    shared = mixture.means[mixture.assign(drawn)]
    assert shared.shape == drawn.shape
    assert np.abs(shared - drawn).mean() < 0.1


def test_a_component_is_held_at_zero_with_its_share(drawn: np.ndarray) -> None:
    mixture = fit_mixture(drawn + 0.05, 4, zero_share=0.6)
    place = int(np.abs(mixture.means).argmin())
    assert mixture.means[place] == 0.0
    assert mixture.shares[place] == pytest.approx(0.6)
    assert mixture.shares.sum() == pytest.approx(1.0)


def test_the_gradient_is_that_of_the_likelihood(drawn: np.ndarray) -> None:
    mixture = fit_mixture(drawn, 3)
    values, step = np.linspace(-2.5, 1.5, 41), 1e-6
    numeric = (mixture.log_likelihood(values + step) - mixture.log_likelihood(values - step)) / (2 * step)
    np.testing.assert_allclose(mixture.gradient(values), numeric, rtol=1e-4, atol=1e-4)


def test_equal_weights_make_one_component() -> None:
    mixture = fit_mixture(np.full(10, 3.0), 4)
    assert mixture.means.tolist() == [3.0]
    assert np.isfinite(mixture.log_likelihood(np.array([0.0, 3.0]))).all()
