"""Kernels of every form lose what was said beforehand, as far as they could be told without fitting them."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.factorize.factors import composed, fit_kernels, kept_energy
from edgecomp.factorize.forms import FORMS, Form, Option, full_ranks
from edgecomp.factorize.layer import FactorableLayer
from edgecomp.factorize.regression import Regression, observed, unweighted

LAYER = FactorableLayer("layer", (3, 2), 8, 12, 2, (1, 1), (((8, 8), (8, 8)),), True)
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=(2, 3 * 2 * 4, 6))


def regressions(*, from_samples: bool) -> list[Regression]:
    """One for each of the two groups."""
    if not from_samples:
        return [unweighted(one) for one in WEIGHTS]
    rows = (RANDOM.normal(size=(600, 24)) @ RANDOM.normal(size=(24, 24)) + 1).astype(np.float32)
    return [observed(one, rows, rows) for one in WEIGHTS]


def lost(given: list[Regression], kernel: np.ndarray) -> float:
    """The share of the energy that a kernel [window, inputs of a group, outputs] loses, by its definition."""
    error = energy = 0.0
    for one, part in zip(given, np.split(kernel.reshape(24, 12), 2, axis=1), strict=True):
        covariance = np.diag(one.covariance) if one.covariance.ndim == 1 else one.covariance
        difference = one.weights - part
        error += float(np.sum(difference * (covariance @ difference)))
        energy += one.energy
    return error / energy


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("from_samples", [True, False])
@pytest.mark.parametrize("part", [3, 2, 1])
def test_what_is_kept_is_known_before_kernels_are_fitted(form: Form, from_samples: bool, part: int) -> None:
    given = regressions(from_samples=from_samples)
    option = Option(form, tuple(max(1, rank * part // 3) for rank in full_ranks(LAYER, form)))
    kernels = fit_kernels(given, LAYER, option)
    (kept,) = kept_energy(given, LAYER, [option])
    found = 1 - lost(given, composed(kernels, LAYER))
    if form == "tucker":  # which is improved in turns
        assert kept - 0.01 <= found <= kept + 0.1
    else:
        assert found == pytest.approx(kept, abs=1e-6)
    if part == 3:
        assert found == pytest.approx(1, abs=1e-6)


def test_higher_ranks_keep_more() -> None:
    given = regressions(from_samples=True)
    for form in FORMS[:3]:
        (most,) = full_ranks(LAYER, form)
        kept = kept_energy(given, LAYER, [Option(form, (rank,)) for rank in range(1, most + 1)])
        assert np.all(np.diff(kept) >= -1e-9)
    wide, narrow = kept_energy(given, LAYER, [Option("tucker", (4, 3)), Option("tucker", (2, 3))])
    assert wide >= narrow
