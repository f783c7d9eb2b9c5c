"""Robustness of several results: read from reports and evaluations, drawn where it can be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgecomp.compare import Device, Result, compare, read_results
from edgecomp.compare.html import render_comparison
from edgecomp.compare.result import Curve, Figure
from edgecomp.compare.robustness import LETTER_GAP, curve_panels
from edgecomp.errors import InputError


def result(letter: str, **curves: Curve) -> Result:
    return Result(letter, Device({}), "", None, (), {"size": Figure.exact(1)}, curves=curves)


def curve(*values: float, start: float = 0.0) -> Curve:
    return Curve("degrees", {start + place: value for place, value in enumerate(values)})


def evaluated(report: dict[str, Any], **point: Any) -> dict[str, Any]:
    points = [
        {"strength": 0, "value": 0.9, "against": {"value": 0.91}},
        {"strength": 0.1, "value": 0.7, "against": {"value": 0.8}, **point},
    ]
    curves = [{"name": "noise", "unit": "share of the range", "points": points}]
    return {**report, "evaluation": {"robustness": {"curves": curves}, "diagnosis": ["Something is wrong: look"]}}


def test_a_report_has_curves_of_both_of_its_models(write: Callable[..., str], report: dict[str, Any]) -> None:
    path = write("report.json", evaluated(report))
    (ours,), (floats,) = read_results(path), read_results(f"{path}:float")
    assert ours.curves["noise"] == Curve("share of the range", {0.0: 0.9, 0.1: 0.7})
    assert floats.curves["noise"].values == {0.0: 0.91, 0.1: 0.8}
    assert ours.mistakes == ("Something is wrong: look",)
    assert floats.mistakes == ()


def test_a_report_of_before_has_none(write: Callable[..., str], report: dict[str, Any]) -> None:
    (ours,) = read_results(write("report.json", report))
    assert (ours.curves, ours.mistakes) == ({}, ())


@pytest.mark.parametrize("odd", [{"value": "high"}, {"strength": True}, {"against": 3}])
def test_a_curve_that_is_none_is_refused_by_its_place(
    write: Callable[..., str], report: dict[str, Any], odd: dict[str, Any]
) -> None:
    path = write("report.json", evaluated(report, **odd))
    with pytest.raises(InputError, match="curves"):
        read_results(f"{path}:float" if "against" in odd else path)


def test_curves_at_the_same_strengths_share_a_panel_and_an_axis() -> None:
    first, second = result("a", noise=curve(0.9, 0.5), jpeg=curve(0.9, 0.8)), result("b", noise=curve(0.8, 0.4))
    (panel,) = curve_panels([first, second])
    assert (panel.name, panel.strengths) == ("Noise", ("none", "1"))
    assert [one.place for one in panel.lines] == [0, 1]
    assert panel.lines[0].texts == ("90.00%", "50.00%")


def test_curves_at_other_strengths_are_not_drawn_together() -> None:
    assert curve_panels([result("a", noise=curve(0.9, 0.5)), result("b", noise=curve(0.9, 0.5, start=0.5))]) == ()


def test_letters_at_the_ends_of_lines_do_not_hide_each_other() -> None:
    (panel,) = curve_panels([result(letter, jpeg=curve(0.9, 0.5)) for letter in "abc"])
    assert panel.name == "JPEG"
    labels = sorted(one.label for one in panel.lines)
    assert labels[1] - labels[0] == labels[2] - labels[1] == LETTER_GAP


def test_the_page_has_the_curves_and_their_numbers() -> None:
    both = compare([result("a", noise=curve(0.9, 0.5)), result("b", noise=curve(0.8, 0.4))])
    page = render_comparison(both, [], [])
    assert 'aria-label="Noise: A from 90.00% to 50.00%, B from 80.00% to 40.00%"' in page
    assert "<td>40.00%</td>" in page
    assert "Robustness" not in render_comparison(compare([result("a"), result("b")]), [], [])
