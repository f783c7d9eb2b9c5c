"""Each weight gets one of its two integers, and the objective only ever falls."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.quantize.mend.descent import BLOCK, descend, round_with_feedback


def objective(gram: np.ndarray, pull: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[groups, outputs]."""
    products = (weights.astype(np.float64) @ gram) * weights
    return np.asarray(products.sum(axis=2) - 2 * (pull * weights).sum(axis=2))


def problem(seed: int, groups: int, outputs: int, taps: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(groups, 2 * taps + 3, taps)) @ rng.normal(size=(groups, taps, taps))
    gram = (rows.transpose(0, 2, 1) @ rows + 0.01 * np.eye(taps)).astype(np.float32)
    wanted = rng.uniform(-5, 5, (groups, outputs, taps)).astype(np.float32)
    return gram, (wanted @ gram).astype(np.float32), wanted, np.floor(wanted), np.ceil(wanted)


SIZES = (st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), st.integers(1, 2 * BLOCK + 3))


@settings(max_examples=30)
@given(*SIZES)
def test_descent_ends_where_no_single_change_helps(seed: int, groups: int, outputs: int, taps: int) -> None:
    gram, pull, wanted, low, high = problem(seed, groups, outputs, taps)
    start = np.rint(wanted)
    chosen = descend(gram, pull, start, low + high - start)
    assert np.all((chosen == low) | (chosen == high))
    scale = np.abs(objective(gram, pull, start)) + 1
    reached = objective(gram, pull, chosen)
    assert np.all(reached <= objective(gram, pull, start) + 1e-4 * scale)
    for tap in range(0, taps, 1 + taps // 7):
        turned = chosen.copy()
        turned[:, :, tap] = low[:, :, tap] + high[:, :, tap] - chosen[:, :, tap]
        assert np.all(reached <= objective(gram, pull, turned) + 1e-3 * scale)


@settings(max_examples=30)
@given(*SIZES)
def test_feedback_keeps_to_the_two_choices(seed: int, groups: int, outputs: int, taps: int) -> None:
    gram, _, wanted, low, high = problem(seed, groups, outputs, taps)
    rounded = round_with_feedback(gram, wanted, low, high)
    assert np.all((rounded == low) | (rounded == high))


def test_weights_without_a_choice_stay() -> None:
    gram, pull, wanted, low, _ = problem(3, 2, 3, 9)
    np.testing.assert_array_equal(descend(gram, pull, low, low), low)
    np.testing.assert_array_equal(round_with_feedback(gram, wanted, low, low), low)


def test_independent_weights_go_to_the_nearest() -> None:
    """Without correlations between inputs there is nothing to learn."""
    _, _, wanted, low, high = problem(4, 1, 5, 20)
    gram = np.eye(20, dtype=np.float32)[None]
    np.testing.assert_array_equal(round_with_feedback(gram, wanted, low, high), np.rint(wanted))
    np.testing.assert_array_equal(descend(gram, wanted, low, high), np.rint(wanted))


def test_the_two_together_come_close_to_the_best_there_is() -> None:
    reached, best, nearest = [], [], []
    for seed in range(20):
        gram, pull, wanted, low, high = problem(seed, 1, 1, 8)
        start = round_with_feedback(gram, wanted, low, high)
        shift = float(objective(gram, pull, wanted)[0, 0])
        reached.append(float(objective(gram, pull, descend(gram, pull, start, low + high - start))[0, 0]) - shift)
        every = [np.array([[one]], np.float32) for one in product(*zip(low[0, 0], high[0, 0], strict=True))]
        best.append(min(float(objective(gram, pull, one)[0, 0]) for one in every) - shift)
        nearest.append(float(objective(gram, pull, np.rint(wanted))[0, 0]) - shift)
    assert np.mean(best) <= np.mean(reached) < 2 * np.mean(best) < np.mean(nearest)
