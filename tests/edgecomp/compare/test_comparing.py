"""Verdicts, devices and gates."""

from __future__ import annotations

import json

import pytest

from edgecomp.compare import Comparison, Device, Figure, Result, compare, parse_gate
from edgecomp.compare.comparing import Against
from edgecomp.compare.gates import failures
from edgecomp.errors import InputError, MeasurementError

PI = Device({"cpu": "Cortex-A76", "cpus": "4"})


def result(name: str = "a", device: Device = PI, valid: bool | None = True, **figures: Figure) -> Result:
    return Result(name, device, "", valid, () if valid else ("too hot",), figures)


def latency(value: float, half: float | None = 0.1, valid: bool = True, device: Device = PI) -> Result:
    figure = Figure(value) if half is None else Figure(value, value - half, value + half)
    return result("a", device, valid, latency=figure)


def only(comparison: Comparison) -> Against:
    (against,) = comparison.against
    return against


@pytest.mark.parametrize(
    ("first", "other", "verdict"),
    [
        (latency(2.0), latency(1.0), "better"),
        (latency(1.0), latency(2.0), "worse"),
        (latency(1.0), latency(1.15), "no difference shown"),
        (latency(1.0), latency(1.0), "no difference shown"),
        (latency(1.0, half=None), latency(9.0), "no interval"),
        (latency(1.0), latency(9.0, valid=False), "not valid"),
        (latency(1.0, valid=False), latency(9.0), "not valid"),
        (result(accuracy=Figure(0.8, 0.78, 0.82)), result(accuracy=Figure(0.9, 0.88, 0.92)), "better"),
        (result(size=Figure.exact(100)), result(size=Figure.exact(100)), "equal"),
        (result(size=Figure.exact(100)), result(size=Figure.exact(101)), "worse"),
        (result(size=Figure.exact(100)), result(valid=False, size=Figure.exact(99)), "better"),
    ],
)
def test_a_verdict_only_where_the_intervals_do_not_overlap(first: Result, other: Result, verdict: str) -> None:
    assert only(compare([first, other])).verdict == verdict


def test_ratios_for_costs_and_points_for_shares() -> None:
    cost = only(compare([latency(2.0), latency(1.0)]))
    share = only(compare([result(accuracy=Figure(0.9)), result(accuracy=Figure(0.885))]))

    assert cost.ratio is not None
    assert (cost.ratio.value, cost.ratio.low, cost.ratio.high) == pytest.approx((0.5, 0.9 / 2.1, 1.1 / 1.9))
    assert cost.difference is None
    assert share.difference is not None
    assert share.difference.value == pytest.approx(-1.5)
    assert share.ratio is None


def test_what_is_not_valid_is_not_compared_but_shown() -> None:
    found = only(compare([latency(1.0), latency(9.0, valid=False)]))

    assert found.ratio is None
    assert found.figure == Figure(9.0, 8.9, 9.1)


def test_different_devices_are_refused_unless_it_is_said() -> None:
    other = Device({"cpu": "Cortex-A53", "cpus": "4"})
    with pytest.raises(InputError, match=r"different devices.*Cortex-A76.*Cortex-A53.*--across-devices"):
        compare([latency(1.0), latency(2.0, device=other)])

    allowed = compare([latency(1.0), latency(2.0, device=other)], across_devices=True)

    assert len(allowed.devices) == 2
    assert allowed.to_dict()["across_devices"] is True


def test_a_device_that_is_not_named_is_not_taken_for_the_same() -> None:
    with pytest.raises(InputError, match="does not name"):
        compare([latency(1.0), latency(1.0, device=Device({}))])


def test_figures_that_no_device_changes_are_compared_from_anywhere() -> None:
    elsewhere = result("b", Device({}), size=Figure.exact(50))

    assert only(compare([result(size=Figure.exact(100)), elsewhere])).verdict == "better"


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(InputError, match="two or more"):
        compare([latency(1.0)])
    with pytest.raises(InputError, match="no figure in common"):
        compare([latency(1.0), result(size=Figure.exact(1))])


def test_the_comparison_is_json() -> None:
    data = compare([latency(1.0), latency(2.0)]).to_dict()

    assert json.loads(json.dumps(data, allow_nan=False))["against_first"][0]["verdict"] == "worse"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("latency>1.1", True),
        ("latency > 1.2", False),
        ("latency>=1.2", True),
        ("latency<1.3", True),
        ("latency<=1.19", False),
    ],
)
def test_a_gate_is_about_the_ratio_to_the_first(text: str, holds: bool) -> None:
    found = failures(compare([latency(1.0), latency(1.2)]), parse_gate(text))

    assert bool(found) is holds


@pytest.mark.parametrize(("text", "holds"), [("drop>0.5", True), ("drop>2", False), ("accuracy<-1", True)])
def test_a_gate_on_accuracy_is_about_points(text: str, holds: bool) -> None:
    found = failures(compare([result(accuracy=Figure(0.9)), result(accuracy=Figure(0.885))]), parse_gate(text))

    assert bool(found) is holds


def test_each_result_that_fails_a_gate_is_named() -> None:
    results = [latency(1.0), latency(1.0), latency(2.0), latency(3.0)]
    named = [Result(f"r{place}", one.device, "", True, (), one.figures) for place, one in enumerate(results)]

    found = failures(compare(named), parse_gate("latency>1.5"))

    assert [sentence[:2] for sentence in found] == ["r2", "r3"]


def test_a_gate_that_cannot_be_judged_lets_nothing_pass() -> None:
    with pytest.raises(InputError, match="cannot be judged"):
        failures(compare([latency(1.0), latency(1.0)]), parse_gate("drop>0.5"))
    with pytest.raises(MeasurementError, match="not valid"):
        failures(compare([latency(1.0), latency(1.0, valid=False)]), parse_gate("latency>2"))


@pytest.mark.parametrize("text", ["", "latency", "latency>", "latency>fast", "speed>1", "latency=1", "latency>1..2"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--fail-if"):
        parse_gate(text)
