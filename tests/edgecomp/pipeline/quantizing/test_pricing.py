"""The price of a bit is found in few trials, also where bits answer oddly to it."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.pipeline.quantizing.pricing import (
    CLOSE_BITS,
    CLOSE_ERROR,
    FIRST_PRICE,
    MOST_TRIALS,
    Priced,
    price_for_bits,
    price_for_error,
)


class Network:
    """Takes fewer bits the more they are worth, by a slope of its own, and counts the trials."""

    def __init__(self, offset: float, octaves: float) -> None:
        self.offset, self.octaves, self.trials = offset, octaves, 0

    def __call__(self, price: float) -> Priced:
        self.trials += 1
        bits = self.offset - log2(price / FIRST_PRICE) / self.octaves
        return Priced(price, min(8.0, max(0.0, bits)))


@given(st.floats(1, 7), st.floats(1.5, 4), st.floats(1, 6))
def test_the_bits_are_met_in_few_trials(offset: float, octaves: float, wanted: float) -> None:
    network = Network(offset, octaves)
    found = price_for_bits(network, wanted)
    assert network.trials <= MOST_TRIALS
    assert found.bits == pytest.approx(wanted, abs=0.1)


def test_a_first_hit_is_enough() -> None:
    network = Network(3.0, 2.0)
    assert abs(price_for_bits(network, 3.0 + CLOSE_BITS / 2).bits - 3.0) < 1e-9
    assert network.trials == 1


def test_a_network_that_never_gets_there_ends_with_its_closest() -> None:
    found = price_for_bits(lambda price: Priced(price, 2.5), 4.0)
    assert found.bits == 2.5


@given(st.floats(-30, 5), st.floats(0.5, 2), st.floats(1e-4, 0.5))
def test_no_price_is_taken_that_is_not_allowed_and_hardly_a_higher_one_would_be(
    octaves: float, slope: float, allowed: float
) -> None:
    def error(price: float) -> float:
        return min(2.0, 0.01 * (price / FIRST_PRICE / 2.0**octaves) ** slope)

    tried: list[Priced] = []

    def attempt(price: float) -> Priced:
        tried.append(Priced(price, 3 - log2(price / FIRST_PRICE) / 2, error(price)))
        return tried[-1]

    found = price_for_error(attempt, allowed)
    assert len(tried) <= MOST_TRIALS
    assert found in tried
    if len(tried) < MOST_TRIALS:
        assert found.error is not None
        assert CLOSE_ERROR * allowed <= found.error <= allowed or error(1.1 * found.price) > allowed


def test_where_nothing_is_allowed_the_least_error_is_taken() -> None:
    found = price_for_error(lambda price: Priced(price, 3.0, 0.5 + price), 0.01)
    assert found.price < FIRST_PRICE
