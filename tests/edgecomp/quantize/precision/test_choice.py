"""Operators stay float where that recovers what int8 loses, as far as the budget goes, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.fidelity import closeness
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.precision.choice import PrecisionPlan, choose_float_operators
from edgecomp.quantize.precision.experiment import run_outputs
from edgecomp.quantize.precision.float_search import LATENCY_FREE_NS, SIZE_FREE_BYTES, Budget
from edgecomp.quantize.precision.relative_cost import Cost, file_cost
from edgecomp.quantize.precision.units import CONVERSIONS
from edgecomp.tflite import layer_of, read_tflite

FREE = {"latency_budget": 10.0, "size_budget": 10.0}


def choose(net: Any, **options: Any) -> PrecisionPlan:
    return choose_float_operators(
        net.file,
        net.ranges,
        **{"threads": 1, "samples": net.samples, "classes": [net.classes], **options},
    )


def layers_of(plan: PrecisionPlan) -> set[str | None]:
    return {layer_of(one.unit.name) for one in plan.kept}


def file_of(net: Any, plan: PrecisionPlan) -> bytes:
    return quantize(
        net.file,
        scheme="int8",
        io="int8",
        ranges=net.ranges,
        float_operators=plan.float_operators,
        float_outputs=plan.float_outputs,
    )


def decibels(net: Any, file: bytes) -> float:
    exact, given = (run_outputs(one, threads=1, samples=net.samples) for one in (net.file, file))
    return closeness(exact, given, classes=[net.classes]).decibels


def test_float_recovers_what_the_culprit_loses(culprit: Any) -> None:
    plan = choose(culprit, goal_db=25, **FREE)
    assert layers_of(plan) == {"culprit"}
    assert plan.before.decibels < 20
    assert plan.after.decibels >= 25
    assert plan.reason == "25 dB are reached"
    assert plan.kept[0].gain_db == pytest.approx(plan.after.decibels - plan.before.decibels)
    assert decibels(culprit, file_of(culprit, plan)) == plan.after.decibels


def test_both_sides_of_a_tensor_stay_float_together_and_share_their_conversions(torn: Any) -> None:
    plan = choose(torn, goal_db=25, **FREE)
    assert layers_of(plan) == {"first", "second"}
    assert plan.after.decibels >= 25
    operators = [one.name for one in read_tflite(file_of(torn, plan)).main.operators]
    assert plan.conversions == sum(name in CONVERSIONS for name in operators) == 2
    # Either of them alone would gain nothing, and is there for the other's sake.
    for one in plan.kept:
        assert one.gain_db > 10


def test_a_network_that_loses_nothing_stays_int8(culprit: Any, network: Any, ranges_of: Any) -> None:
    net = network("dense")
    plan = choose_float_operators(
        net.file,
        ranges_of(net.file, net.samples),
        threads=1,
        samples=net.samples[:12],
        classes=[False],
        goal_db=20,
    )
    assert plan.kept == ()
    assert plan.before == plan.after
    assert (plan.latency_ratio, plan.size_ratio, plan.conversions) == (1, 1, 0)
    assert plan.reason == "int8 throughout reaches 20 dB"


def test_a_target_without_float_gets_none(culprit: Any) -> None:
    plan = choose(culprit, allow_float=False, goal_db=25, **FREE)
    assert plan.float_operators == ()
    assert plan.reason == "the target runs no float operators"


@pytest.mark.parametrize("budget", ["latency_budget", "size_budget"])
def test_what_is_too_dear_is_left_int8(heavy: Any, budget: str) -> None:
    plan = choose(heavy, goal_db=25, **{**FREE, budget: 0.01})
    assert "culprit" not in layers_of(plan)
    assert plan.after.decibels < 25
    assert "within the budget" in plan.reason
    assert layers_of(choose(heavy, goal_db=25, **FREE)) == {"culprit"}


def test_costs_are_those_of_the_file_that_comes_out(heavy: Any) -> None:
    plan = choose(heavy, goal_db=25, **FREE)
    files = [file_of(heavy, plan), quantize(heavy.file, scheme="int8", io="int8", ranges=heavy.ranges)]
    ours, base = (file_cost(read_tflite(file)) for file in files)
    assert plan.size_ratio == len(files[0]) / len(files[1]) > 1.5
    assert plan.latency_ratio == ours.nanoseconds / base.nanoseconds > 1.5
    assert plan.conversions == ours.conversions - base.conversions


def test_nothing_is_kept_that_does_not_help(culprit: Any) -> None:
    """A goal out of reach: what was tried on the way and gained nothing is quantized again."""
    plan = choose(culprit, goal_db=89, **FREE)
    assert "culprit" in layers_of(plan)
    assert all(one.gain_db >= 0.5 for one in plan.kept)
    assert "not reached" in plan.reason


def test_probabilities_too_close_for_int8_become_float_outputs_where_allowed(faint: Any) -> None:
    without = choose(faint, goal_db=20, **FREE)
    assert not without.float_outputs
    assert without.after.decibels < 3
    assert "no operator at float helps" in without.reason
    plan = choose(faint, goal_db=20, allow_float_outputs=True, **FREE)
    assert plan.float_outputs
    assert plan.after.decibels >= 20
    assert plan.reason == "20 dB are reached with float32 outputs"
    assert plan.after.agreement is not None
    assert plan.after.agreement > 0.9
    assert "SOFTMAX" in {one.unit.op for one in plan.kept}
    model = read_tflite(file_of(faint, plan))
    assert [one.dtype for one in (*model.inputs, *model.outputs)] == ["int8", "float32"]


def test_float_outputs_are_the_last_resort(culprit: Any) -> None:
    plan = choose(culprit, goal_db=25, allow_float_outputs=True, **FREE)
    assert not plan.float_outputs


def test_the_same_plan_at_every_run(torn: Any) -> None:
    assert choose(torn, goal_db=25, **FREE) == choose(torn, goal_db=25, **FREE)


def test_a_budget_counts_both_and_lets_small_networks_spend_a_little() -> None:
    budget = Budget(latency=0.1, size=0.2)
    base = Cost(1e6, 1_000_000, 0)
    assert budget.allows(Cost(1.1e6, 1_200_000, 2), base)
    assert not budget.allows(Cost(1.11e6, 1_000_000, 2), base)
    assert not budget.allows(Cost(1e6, 1_210_000, 2), base)
    tiny = Cost(100, 2000, 0)
    assert budget.allows(Cost(100 + LATENCY_FREE_NS, 2000 + SIZE_FREE_BYTES, 2), tiny)
    assert not budget.allows(Cost(101 + LATENCY_FREE_NS, 2000, 2), tiny)


def test_float_and_conversions_cost_more(culprit: Any) -> None:
    names = [
        read_tflite(culprit.file).main.tensors[one.outputs[0]].name for one in read_tflite(culprit.file).main.operators
    ]
    costs = [
        file_cost(
            read_tflite(
                quantize(culprit.file, scheme="int8", io="int8", ranges=culprit.ranges, float_operators=names[:count])
            )
        )
        for count in (0, 1, len(names))
    ]
    assert [one.conversions for one in costs] == [0, 2, 2]
    assert costs[0].nanoseconds < costs[1].nanoseconds < costs[2].nanoseconds
    assert np.all(np.diff([one.nbytes for one in costs]) > 0)
