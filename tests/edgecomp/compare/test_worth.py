"""All costs of a result in one number, against the first result's."""

from __future__ import annotations

import json

import pytest

from edgecomp.compare import Comparison, Device, Figure, Result, compare, parse_gate
from edgecomp.compare.gates import failures
from edgecomp.compare.words import remarks
from edgecomp.errors import InputError
from edgecomp.evaluate.cost.scenarios import scenario

PI = Device({"cpu": "Cortex-A76", "cpus": "4"})


def result(valid: bool = True, **figures: float) -> Result:
    return Result("a", PI, "", valid, (), {name: Figure(value) for name, value in figures.items()})


def weighed(*results: Result, weights: str = "latency=1,size=1") -> Comparison:
    return compare(results, scenario=scenario(None, weights))


def test_half_of_all_costs_is_twice_the_worth() -> None:
    found = weighed(result(latency=2, size=10), result(latency=1, size=5), result(latency=2, size=10))
    assert [one.value for one in found.worth] == pytest.approx([2, 1])
    assert "B: 2 times the worth of A for this use." in remarks(found)


def test_lost_accuracy_weighs_against_what_was_saved() -> None:
    weights = "latency=1,accuracy=1,halves=1"
    found = weighed(result(latency=2, accuracy=0.9), result(latency=1, accuracy=0.89), weights=weights)
    assert found.worth[0].value == pytest.approx(1)


def test_what_does_not_compare_counts_nothing_and_is_named() -> None:
    found = weighed(result(latency=2, size=10), result(valid=False, latency=1, size=5))
    assert found.worth[0].value == pytest.approx(2)
    assert found.worth[0].missing == ("latency",)
    assert any("without latency, not known" in one for one in remarks(found))


def test_json_has_the_scores() -> None:
    found = json.loads(json.dumps(weighed(result(size=10), result(size=5)).to_dict()))["worth"]
    assert found[0]["score"] == pytest.approx(2)
    assert found[0]["missing"] == ["latency"]
    assert compare([result(size=10), result(size=5)]).to_dict()["worth"] == []


def test_a_gate_on_the_worth_holds_or_not() -> None:
    found = weighed(result(size=10), result(size=11), weights="size=1")
    (said,) = failures(found, parse_gate("worth<1"))
    assert "worth is 0.9091 times" in said
    assert failures(found, parse_gate("worth<0.9")) == []


def test_a_gate_on_a_worth_that_nobody_knows_passes_nothing() -> None:
    with pytest.raises(InputError, match="say what counts with --scenario"):
        failures(compare([result(size=10), result(size=5)]), parse_gate("worth<1"))
    with pytest.raises(InputError, match="no figure of it is known"):
        failures(weighed(result(size=10), result(size=5), weights="energy=1"), parse_gate("worth<1"))
