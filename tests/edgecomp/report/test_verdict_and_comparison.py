from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import summary_lines
from edgecomp.report.comparison import Comparison, compare, highlights
from edgecomp.report.subject import model_name
from edgecomp.report.verdict import judge


def variant(
    value: float | None = None, *, n: int = 900, size: int = 1000, p50: float | None = None, **more: Any
) -> dict[str, Any]:
    metric = None if value is None else {"name": "top1", "value": value, "n": n}
    return {"bytes": size, "metric": metric, "latency_ms": None if p50 is None else {"p50": p50, **more}}


def report(**parts: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "target": "raspberry-pi-4b",
        "float": variant(0.9744, size=4000, p50=6.0),
        "compressed": variant(0.9722, size=1000, p50=3.0),
        "drop_points": 0.2222,
        "budget": {"max_drop_points": 1.0, "met": True},
        **parts,
    }


def cell(comparison: Comparison, row: str, column: str) -> tuple[str, str, str]:
    place = [one.name for one in comparison.columns].index(column)
    found = next(one for one in comparison.rows if one.name == row).cells[place]
    return found.text, found.note, found.tone


def test_a_met_budget_says_ship_and_how_many_answers_it_cost() -> None:
    verdict = judge(report())
    assert (verdict.outcome, verdict.title, verdict.caution) == ("ship", "Ship", "")
    assert verdict.reason == (
        "Top-1 accuracy is 97.22% on 900 held-out samples, against 97.44% for the float model: "
        "0.22 points lost (2 answers), within the budget of 1 point."
    )


def test_a_missed_budget_says_do_not_ship() -> None:
    verdict = judge(report(drop_points=2.4, budget={"max_drop_points": 1.0, "met": False}))
    assert (verdict.outcome, verdict.title) == ("stop", "Do not ship")
    assert verdict.reason.endswith("2.4 points lost (22 answers), beyond the budget of 1 point.")


def test_a_budget_missed_by_a_hair_does_not_look_met() -> None:
    verdict = judge(report(drop_points=1.004, budget={"max_drop_points": 1.0, "met": False}))
    assert "1.004 points lost" in verdict.reason


def test_a_gain_is_called_a_gain() -> None:
    assert "0.11 points gained (1 answer), within" in judge(report(drop_points=-0.111)).reason


def test_a_drop_that_is_one_point_but_for_rounding_is_one_point() -> None:
    assert "1 point lost" in judge(report(drop_points=100 * (0.648 - 0.638))).reason


def test_without_labelled_data_nothing_is_judged() -> None:
    bare = report(float=variant(), compressed=variant(), drop_points=None, budget={"max_drop_points": 1.0, "met": None})
    verdict = judge({**bare, "agreement": 0.993})
    assert verdict.outcome == "open"
    assert "was not measured" in verdict.reason
    assert "99.30%" in verdict.reason


def test_without_a_budget_the_figures_are_given_and_not_judged() -> None:
    verdict = judge(report(budget=None))
    assert verdict.outcome == "open"
    assert "0.22 points lost" in verdict.reason
    assert "no budget was set" in verdict.reason


def test_too_few_samples_for_the_budget_are_pointed_out() -> None:
    few = report(float=variant(0.98, n=50), compressed=variant(0.98, n=50), drop_points=0.0)
    assert "one answer is worth 2 points" in judge(few).caution


def test_a_metric_that_is_no_share_of_answers_is_not_shown_as_one() -> None:
    def auc(value: float) -> dict[str, Any]:
        return {"metric": {"name": "auc", "value": value, "n": 300}}

    table = report(float=auc(0.9312), compressed=auc(0.9291), drop_points=0.21)
    assert cell(compare(table), "AUC", "edgecomp") == ("0.9291", "", "")
    assert "answers" not in judge(table).reason


@pytest.mark.parametrize(
    ("path", "name"), [("/a/b/digits.keras", "digits.keras"), (None, "a model handed over in Python")]
)
def test_the_model_is_called_by_its_file_name(path: str | None, name: str) -> None:
    assert model_name({"source": {"path": path}}) == name


def test_three_models_are_set_against_float() -> None:
    table = compare(report(stock=variant(0.95, size=1010, p50=7.5)))
    assert [column.name for column in table.columns] == ["Float", "Stock converter", "edgecomp"]
    assert cell(table, "Top-1 accuracy", "Stock converter") == ("95.00%", "2.44 points lost", "worse")
    assert cell(table, "Top-1 accuracy", "edgecomp") == ("97.22%", "0.22 points lost", "")
    assert cell(table, "File size", "edgecomp") == ("1.00 kB", "4.00× smaller", "better")
    assert cell(table, "Latency, p50", "edgecomp") == ("3.00 ms", "2.00× faster", "better")
    assert cell(table, "Latency, p50", "Stock converter") == ("7.50 ms", "1.25× slower", "worse")


def test_a_stock_conversion_that_was_not_made_has_no_column() -> None:
    assert [column.name for column in compare(report()).columns] == ["Float", "edgecomp"]


def test_figures_that_nobody_measured_have_no_row() -> None:
    names = [row.name for row in compare(report()).rows]
    assert "Agreement" not in names
    assert "Agreement" in [row.name for row in compare(report(agreement=0.99)).rows]


def test_an_invalid_latency_is_shown_as_such_and_never_compared() -> None:
    ours = compare(report(compressed=variant(0.97, p50=3.0, valid=False)))
    assert cell(ours, "Latency, p50", "edgecomp") == ("3.00 ms", "not valid", "invalid")
    against = compare(report(float=variant(0.97, p50=6.0, valid=False)))
    assert cell(against, "Latency, p50", "edgecomp") == ("3.00 ms", "", "")


@pytest.mark.parametrize(
    ("drop", "figure"), [(-0.2, "+0.2 points"), (0.22, "−0.22 points"), (1.0, "−1 point"), (0.0, "0 points")]
)
def test_the_highlight_of_accuracy_says_gained_or_lost(drop: float, figure: str) -> None:
    assert highlights(report(drop_points=drop))[0].figure == figure


@pytest.mark.parametrize(
    ("ours", "reference", "said"),
    [
        ({"p50": 9.0}, {"p50": 6.0}, "1.50× slower than the float model on this machine"),
        ({"p50": 6.3}, {"p50": 6.0}, ""),
        ({"p50": 3.0}, {"p50": 6.0}, ""),
        ({"p50": 9.0, "valid": False}, {"p50": 6.0}, ""),
        ({"p50": 9.0, "intervals": {"p50": {"low": 5.0, "high": 12.0}}}, {"p50": 6.0}, ""),
    ],
)
def test_a_file_that_is_slower_than_float_is_not_shipped_without_a_word(
    ours: dict[str, Any], reference: dict[str, Any], said: str
) -> None:
    slow = report(float=variant(0.97, **reference), compressed=variant(0.97, **ours), drop_points=0.0)
    assert judge(slow).outcome == "ship"
    assert said in judge(slow).caution
    assert ("slower" in judge(slow).caution) == bool(said)
    assert any("slower than the float model" in line for line in summary_lines(slow)) == bool(said)


def test_highlights_prefer_what_was_measured_on_the_device() -> None:
    predicted = {"latency_ms": 17.4}
    assert highlights(report(predicted=predicted))[-1].detail == "predicted"
    last = highlights(report(predicted=predicted, measured={"latency_ms": {"p50": 19.0}}))[-1]
    assert (last.figure, last.detail) == ("19.0 ms", "measured; predicted 17.4 ms")
