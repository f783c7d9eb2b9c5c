"""Paired comparisons: exact where there is an exact answer, by simulation where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.evaluate.statistics.paired import Paired, compare_answers, difference_interval, samples_to_resolve
from edgecomp.evaluate.statistics.words import comparison_words, difference_words

binomtest = pytest.importorskip("scipy.stats").binomtest


def answers(both: int, lost: int, won: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether the reference and the other are right, sample by sample."""
    reference = [True] * (both + lost) + [False] * (won + neither)
    other = [True] * both + [False] * lost + [True] * won + [False] * neither
    return np.array(reference, bool), np.array(other, bool)


@settings(max_examples=60)
@given(st.integers(0, 50), st.integers(0, 30), st.integers(0, 30), st.integers(1, 50))
def test_the_test_is_mcnemars_exact_one(both: int, lost: int, won: int, neither: int) -> None:
    found = compare_answers(*answers(both, lost, won, neither))
    assert (found.lost, found.won) == (lost, won)
    assert found.p == pytest.approx(binomtest(lost, lost + won).pvalue if lost + won else 1.0, rel=1e-9)
    assert found.drop == pytest.approx((lost - won) / found.n)
    assert found.low <= found.drop <= found.high


@given(st.integers(0, 60), st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_the_interval_turns_with_the_two(both: int, one: int, other: int, neither: int) -> None:
    n = both + one + other + neither
    if not n:
        return
    low, high = difference_interval(both, one, other, n)
    turned = difference_interval(both, other, one, n)
    assert (low, high) == pytest.approx((-turned[1], -turned[0]), abs=1e-12)
    assert -1 <= low <= high <= 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    shares, n = [0.85, 0.05, 0.02, 0.08], 300
    counts = rng.multinomial(n, shares, size=2000)
    found = np.array([difference_interval(both, one, other, n) for both, one, other, _ in counts.tolist()])
    covered = np.mean((found[:, 0] <= 0.03) & (found[:, 1] >= 0.03))
    assert 0.93 <= covered <= 0.975


def test_as_many_samples_as_are_asked_for_resolve_the_budget() -> None:
    found = compare_answers(*answers(880, 12, 8, 100))
    assert found.low < 0.01 < found.high
    needed = samples_to_resolve(found, 0.01)
    assert needed is not None
    assert needed > found.n
    for times, resolved in ((1.05, True), (0.9, False)):
        scaled = (round(times * needed / found.n * one) for one in (880, 12, 8, 100))
        assert (compare_answers(*answers(*scaled)).high < 0.01) == resolved


def test_where_nothing_changed_enough_samples_would_show_a_change() -> None:
    found = compare_answers(*answers(90, 0, 0, 10))
    needed = samples_to_resolve(found, 0.01)
    assert needed is not None
    assert found.n < needed < 2000
    assert samples_to_resolve(found, 0.0) is None


@pytest.mark.parametrize(
    ("counts", "budget", "said"),
    [
        ((90, 0, 0, 10), None, "right and wrong on the same samples"),
        ((800, 60, 5, 100), 1.0, "beyond the budget of 1 point, beyond doubt"),
        ((9000, 5, 5, 900), 1.0, "within the budget of 1 point, beyond doubt"),
        ((88, 2, 1, 9), 3.0, "samples cannot be sure of it; about"),
        ((88, 1, 3, 9), None, "points are gained"),
        ((88, 1, 3, 9), None, "1 right answer became wrong and 3 wrong ones right"),
        ((88, 2, 1, 9), None, "2 right answers became wrong and 1 wrong one right"),
        ((800, 60, 5, 100), None, "chance is an unlikely reason"),
        ((88, 2, 1, 9), None, "may be chance"),
    ],
)
def test_the_finding_is_said_in_words(counts: tuple[int, int, int, int], budget: float | None, said: str) -> None:
    assert said in " ".join(comparison_words(compare_answers(*answers(*counts)), budget))


def test_a_difference_of_other_figures_is_said_too() -> None:
    assert "may be chance" in difference_words("auc", (-0.1, 0.1), more_is_better=True)[0]
    assert "auc is worse" in difference_words("auc", (-0.2, -0.1), more_is_better=True)[0]
    assert "mse is worse" in difference_words("mse", (0.1, 0.2), more_is_better=False)[0]
    assert difference_words("auc", None, more_is_better=True) == []


def test_a_split_of_thousands_is_quick() -> None:
    found = Paired(50_000, 20_000, 9_000, 8_000, 0.02, 0.0, 0.03, 0.0)
    assert found.significant
    assert compare_answers(*answers(10_000, 9_000, 8_000, 5_000)).p < 1e-10
