"""The section on training: rows, a plot of every epoch, and nothing where nothing was trained."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import render_html
from edgecomp.report.sections.trained import POINT_LIMIT, read_training


def training(name: str, values: list[float | None], **more: Any) -> dict[str, Any]:
    history = [{"epoch": epoch, "loss": None, "value": value} for epoch, value in enumerate(values)]
    return {
        "name": name,
        "metric": "accuracy",
        "held": 120,
        "before": values[0],
        "after": max(value for value in values if value is not None),
        "best": 2,
        "seconds": 61.0,
        "stopped": "all epochs were done",
        "augmentation": "shifted by up to 6%",
        "history": history,
        **more,
    }


REPORT: dict[str, Any] = {
    "schema": 1,
    "target": "raspberry-pi-4b",
    "training": [training("round 1", [0.3, 0.5, 0.9], macs=97_008), training("round 2", [0.4, 0.8, 0.7])],
}


def test_each_training_is_a_row_and_each_epoch_a_point() -> None:
    section = read_training(REPORT)
    assert [(one.name, one.before, one.after) for one in section.trainings] == [
        ("round 1", "30.00%", "90.00%"),
        ("round 2", "40.00%", "80.00%"),
    ]
    assert section.trainings[0].note == "97.0 k MACs"
    assert section.plot is not None
    assert len(section.plot.marks) == 6
    assert section.plot.segments == ((0, 1), (1, 2), (3, 4), (4, 5))
    assert [one.text for one in section.plot.places] == ["round 1", "round 2"]
    heights = [one.top for one in section.plot.marks]
    assert heights.index(min(heights)) == 2, "the best is drawn highest"
    page = render_html(REPORT)
    assert "What training won back" in page
    assert "Accuracy on samples that were not trained on" in page


def test_a_training_that_made_nothing_better_says_so() -> None:
    section = read_training({**REPORT, "training": [training("quantization in place", [0.5, 0.4, 0.3], kept=False)]})
    assert "the file without it was no worse and was kept" in section.trainings[0].note


@pytest.mark.parametrize("trained", [None, [], [None]])
def test_nothing_is_shown_where_nothing_was_trained(trained: Any) -> None:
    report = {**REPORT, "training": trained}
    assert not read_training(report)
    assert "What training won back" not in render_html({**report, "training": [] if trained == [None] else trained})


def test_errors_are_no_shares_and_epochs_that_were_not_measured_are_no_points() -> None:
    section = read_training({**REPORT, "training": [training("round 1", [0.31, None], metric="relative error")]})
    assert section.trainings[0].before == "0.310"
    assert section.plot is None


def test_names_are_escaped_and_long_trainings_thinned_out() -> None:
    long = training("<script>alert(1)</script>", [0.5] * 2000)
    page = render_html({**REPORT, "training": [long]})
    assert "<script>alert(1)" not in page
    plot = read_training({**REPORT, "training": [long]}).plot
    assert plot is not None
    assert len(plot.marks) <= POINT_LIMIT
