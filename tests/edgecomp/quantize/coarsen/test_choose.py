"""Levels are chosen for the least error and price together, and as told."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.quantize.coarsen.choose import Levels, choose
from edgecomp.quantize.coarsen.entries import choose_entries
from edgecomp.quantize.coarsen.price import entropy, prices
from edgecomp.quantize.mend.moments import Quadratic


def problem(seed: int, groups: int, outputs: int, taps: int) -> Quadratic:
    """Correlated inputs, and weights that are the minimum."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(groups, 4 * taps + 8, taps)) @ rng.normal(size=(groups, taps, taps))
    gram = (inputs.transpose(0, 2, 1) @ inputs).astype(np.float32)
    wanted = (3 * rng.normal(size=(groups, outputs, taps))).astype(np.float32)
    return Quadratic(gram, wanted @ gram, wanted)


def error(one: Quadratic, weights: np.ndarray) -> np.ndarray:
    """[groups, outputs]."""
    missed = weights - one.wanted
    total: np.ndarray = ((missed @ one.gram) * missed).sum(axis=2)
    return total


def free_of_charge(values: list[float], shape: tuple[int, ...], kept: np.ndarray | None = None) -> Levels:
    return Levels(np.array(values, np.float32), kept, np.zeros(shape[:2], np.float32))


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 4), st.integers(1, 12), st.data())
def test_weights_are_levels_and_zero_where_they_have_to_be(
    seed: int, groups: int, outputs: int, taps: int, data: st.DataObject
) -> None:
    one = problem(seed, groups, outputs, taps)
    values = sorted({0.0, *data.draw(st.sets(st.integers(-9, 9).map(float), min_size=1, max_size=9))})
    kept = np.random.default_rng(seed).random(one.pull.shape) < 0.6
    worth = data.draw(st.sampled_from([0.0, 5.0]))
    levels = Levels(np.array(values, np.float32), kept, np.full((groups, outputs), worth, np.float32))
    chosen = choose(one, levels)
    assert chosen.shape == one.pull.shape
    assert 0 <= chosen.min() <= chosen.max() < len(values)
    assert not levels.values[chosen][~kept].any()


@pytest.mark.parametrize("seed", range(5))
def test_the_result_is_close_to_the_best_of_all_choices(seed: int) -> None:
    one = problem(seed, 1, 3, 5)
    values = [-4.0, -1.0, 0.0, 2.0, 5.0]
    choices = np.array(list(product(values, repeat=5)), np.float32)
    missed = choices - one.wanted[0, :, None]
    best = ((missed @ one.gram[0]) * missed).sum(axis=2).min(axis=1)
    got = error(one, np.array(values)[choose(one, free_of_charge(values, one.pull.shape))])
    assert got.sum() < 1.5 * best.sum()


@pytest.mark.parametrize("seed", range(5))
def test_others_make_up_for_a_weight(seed: int) -> None:
    one = problem(seed, 2, 6, 30)
    nearest = np.rint(one.wanted)
    values = [float(level) for level in range(-20, 21)]
    got = error(one, np.array(values)[choose(one, free_of_charge(values, one.pull.shape))])
    assert got.sum() < 0.5 * error(one, nearest).sum()


@pytest.mark.parametrize("seed", range(3))
def test_bits_that_are_worth_more_are_fewer(seed: int) -> None:
    one = problem(seed, 1, 20, 30)
    values = np.arange(-30, 31, dtype=np.float32)
    bits, errors = [], []
    for worth in (0.0, 2e3, 2e4):
        indices = choose(one, Levels(values, None, np.full((1, 20), worth, np.float32)))
        bits.append(prices(indices, values).total(indices))
        errors.append(float(error(one, values[indices]).sum()))
    assert bits == sorted(bits, reverse=True)
    assert errors == sorted(errors)


def test_what_never_occurs_has_a_finite_price() -> None:
    found = prices(np.full((1, 4, 5), 3), np.arange(-127, 128, dtype=np.float32))
    assert np.isfinite(found.bits).all()
    assert found.total(np.full((1, 4, 5), 3)) < 20


def test_entropy_is_that_of_the_shares() -> None:
    assert entropy(np.array([[0, 0], [1, 1]])) == 4.0
    assert entropy(np.zeros(9)) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_entries_make_up_for_each_other(seed: int) -> None:
    one = problem(seed, 1, 30, 24)
    book = np.random.default_rng(seed).choice(one.wanted.reshape(-1, 4), 60, replace=False).astype(np.float32)
    chosen = choose_entries(one, book)
    assert chosen.shape == (30, 6)
    distance = np.square(one.wanted.reshape(-1, 1, 4) - book).sum(axis=2)
    nearest = book[distance.argmin(axis=1)].reshape(one.wanted.shape)
    assert error(one, book[chosen].reshape(one.wanted.shape)).sum() < 0.8 * error(one, nearest).sum()
