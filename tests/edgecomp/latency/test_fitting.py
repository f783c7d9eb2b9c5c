"""Coefficients found from what networks cost."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import MeasurementError
from edgecomp.latency.equations import Observation
from edgecomp.latency.fitting import _tolerance_factor, fit
from edgecomp.latency.predict import CostModel
from edgecomp.latency.tiles import choose_tiles
from edgecomp.latency.work import Tile, Work
from edgecomp.targets.prediction import OperatorCosts, Prediction

from .networks import DEVICE, chain, observed

SHAPES = (
    *((784, 24, 40), (196, 96, 576), (49, 320, 160), (100, 33, 64), (9, 200, 30), (64, 16, 3), (25, 72, 18)),
    *((50, 100, 50), (7, 48, 21), (121, 17, 200), (36, 130, 90), (400, 8, 12)),
)


def works() -> list[tuple[Work, ...]]:
    found = [
        chain(kind, *shape, taps=taps) for kind, taps in (("pointwise", 1), ("convolution", 9)) for shape in SHAPES
    ]
    found += [chain("convolution", *shape, taps=25) for shape in SHAPES[:4]]
    found += [chain("depthwise 9", rows, columns, 1, 9) for rows, columns, _ in SHAPES]
    found += [chain("dense", 1, columns, depth) for _, columns, depth in SHAPES]
    found += [chain("ADD", rows, columns, 1, repeats=repeats) for rows, columns, _ in SHAPES for repeats in (1, 4)]
    return found


def costs(prediction: Prediction) -> CostModel:
    return CostModel(prediction)


def test_tiles_are_found() -> None:
    tiles = choose_tiles(observed(works()))
    assert tiles["pointwise", "int8"] == tiles["convolution", "int8"] == Tile(4, 16, 4)
    assert tiles["depthwise 9", "int8"].columns == 8


def test_networks_it_has_not_seen_are_predicted_as_the_device_takes() -> None:
    found = costs(fit(observed(works()), source="test").prediction)
    for shape in ((300, 50, 70), (16, 31, 99)):
        for kind, taps in (("pointwise", 1), ("convolution", 9), ("depthwise 9", 9), ("ADD", 1)):
            (work,) = chain(kind, *shape, taps=taps, repeats=1)
            assert found.operator_cost(work) == pytest.approx(costs(DEVICE).operator_cost(work), rel=0.02)


coefficients = st.floats(0.001, 10)


@settings(max_examples=20)
@given(element=coefficients, operator=st.floats(10, 5000), call=st.floats(10, 5000))
def test_known_coefficients_come_back(element: float, operator: float, call: float) -> None:
    device = Prediction(
        "made up", "ns", 0.1, (OperatorCosts("ADD", "int8", element=element, operator=operator),), call=call
    )
    additions = [chain("ADD", rows, 8, 8, repeats=repeats) for rows in (1, 50, 4000) for repeats in (1, 3, 9)]
    found = fit(observed(additions, device), source="test").prediction
    (one,) = found.operators
    assert one.element == pytest.approx(element, rel=1e-3)
    assert one.operator + found.call == pytest.approx(operator + call, rel=0.02)
    assert found.call == pytest.approx(call, rel=0.05, abs=1)


def test_the_band_covers_what_the_model_cannot_explain() -> None:
    exact = observed(works())
    shaken = [
        dataclasses.replace(one, cost=one.cost * (1.2 if place % 2 else 0.9), is_block=place % 5 == 0)
        for place, one in enumerate(exact)
    ]
    bands = [fit(costs, source="test", unit="instructions").prediction.band for costs in (exact, shaken)]
    assert bands[0] < 0.05
    assert 0.08 < bands[1] < 0.6


def test_a_family_is_predicted_by_a_fit_that_saw_it_in_no_precision() -> None:
    """Only this family has pooling, so that nothing tells what that costs where both of it are left out."""
    odd = (*chain("ADD", 900, 16, 1), Work("MEAN", "int8", elements=9000, nbytes=9000))
    networks = observed(works())
    blocks = [dataclasses.replace(networks[place], name=f"{place} int8", is_block=True) for place in (0, 12, 20)]
    twice = [Observation(f"odd {one}", odd, 9000.0, is_block=True) for one in ("float32", "int8")]
    found = fit([*networks, *blocks, *twice], source="test")
    assert all(found.errors[one.name] < -0.05 for one in twice)
    assert found.prediction.band > 0.1
    alone = [dataclasses.replace(one, name=f"{one.name}{place} int8") for place, one in enumerate(twice)]
    assert fit([*networks, *blocks, *alone], source="test").prediction.band < 0.01


def test_the_fewer_families_the_wider_the_band() -> None:
    """Against the factors of ISO 16269-6, 95% covered with a confidence of 95%."""
    for count, factor in ((5, 5.079), (8, 3.732), (20, 2.752), (100, 2.233)):
        assert _tolerance_factor(count) == pytest.approx(factor, rel=0.03)
    assert _tolerance_factor(1) >= _tolerance_factor(2) > _tolerance_factor(3)


@pytest.mark.parametrize("cost", [0.0, -3.0, math.nan, math.inf])
def test_no_cost_is_refused(cost: float) -> None:
    with pytest.raises(MeasurementError, match="is no cost"):
        fit([Observation("broken", chain("ADD", 9, 9, 1), cost)], source="test")


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(MeasurementError, match="nothing was measured"):
        fit([], source="test")


def test_costs_that_do_not_follow_from_the_work_are_refused() -> None:
    noise = [dataclasses.replace(one, cost=10.0 ** (3 + place * 7 % 5)) for place, one in enumerate(observed(works()))]
    with pytest.raises(MeasurementError, match="does not follow from the work"):
        fit(noise, source="test")


def test_counted_coefficients_have_no_memory() -> None:
    found = fit(observed(works()), source="test", unit="instructions").prediction
    assert found.unit == "instructions"
    assert found.memory == ()


def test_errors_are_named() -> None:
    found: Any = fit(observed(works()[:20]), source="test").errors
    assert list(found) == [f"network {place}" for place in range(20)]
