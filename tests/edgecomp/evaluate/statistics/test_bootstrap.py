"""Intervals by drawing again."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.evaluate.statistics.bootstrap import bootstrap_interval


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3, 2, 400)
    interval = bootstrap_interval(lambda places: float(values[places].mean()), len(values))
    assert interval is not None
    reach = 1.96 * values.std() / 20
    assert interval == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.04)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(1), 0
    for seed in range(60):
        values = rng.normal(0, 1, 40)
        interval = bootstrap_interval(lambda places, values=values: float(values[places].mean()), 40, seed=seed)
        assert interval is not None
        covered += interval[0] <= 0 <= interval[1]
    assert covered >= 51


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(30.0)
    one, other = (bootstrap_interval(lambda places: float(values[places].mean()), 30) for _ in range(2))
    assert one == other


def test_what_is_mostly_undefined_has_no_interval() -> None:
    assert bootstrap_interval(lambda _: None, 10) is None
    assert bootstrap_interval(lambda _: 1.0, 1) is None
