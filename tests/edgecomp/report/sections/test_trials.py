from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report.sections.trials import TRIAL_LIMIT, choice_line, read_choice

SETTINGS = {"ranges": "mse", "equalize": True, "bias_correction": True, "rounding": "learned", "float_operators": 2}


def trial(error: float | None = None, *, kept: bool = False, **settings: Any) -> dict[str, Any]:
    return {"settings": {"ranges": "minmax", **settings}, "error_db": error, "kept": kept}


def test_every_setting_is_named_in_words() -> None:
    (found,) = read_choice({"tried": [trial(30.0, **SETTINGS, float_outputs=True)]}).trials
    assert found.ranges == "MSE ranges"
    assert found.steps == "equalized, learned rounding, biases corrected, 2 operators at float, float outputs"


def test_bars_are_against_the_best_and_the_kept_one_is_marked() -> None:
    found = read_choice({"tried": [trial(20.0), trial(40.0, kept=True), trial(None), trial(-3.0)]}).trials
    assert [round(one.share) for one in found] == [50, 100, 0, 0]
    assert [one.kept for one in found] == [False, True, False, False]


@pytest.mark.parametrize(
    ("report", "line"),
    [
        ({}, ""),
        ({"tried": [trial(3.0)]}, ""),
        ({"tried": [trial(3.0, kept=True)]}, "quantized: min-max ranges"),
        (
            {"quantization": {"settings": {"ranges": "mse"}}, "agreement": 0.5},
            "quantized: MSE ranges; agreement 50.00%",
        ),
        (
            {
                "compressed": {"scheme": "int8"},
                "tried": [trial(3.0, kept=True, equalize=True, bias_correction=True)],
                "quantization": {"equalized": [], "biases_corrected": 1, "float_operators": [{"layer": "a"}]},
            },
            "int8: min-max ranges, biases corrected in 1 layer, 1 operator at float",
        ),
    ],
)
def test_the_line_says_what_was_done_and_how_often(report: dict[str, Any], line: str) -> None:
    assert choice_line(report) == line


def test_the_kept_trial_is_shown_however_many_there_are() -> None:
    found = read_choice({"tried": [trial(1.0)] * 200 + [trial(2.0, kept=True)]})
    assert len(found.trials) == TRIAL_LIMIT + 1
    assert found.trials[-1].kept
    assert found.trial_count == 201


@pytest.mark.parametrize(("phrase", "sentence"), [("the best", "The best."), ("Done.", "Done."), ("", "")])
def test_the_reason_is_a_sentence(phrase: str, sentence: str) -> None:
    assert read_choice({"quantization": {"reason": phrase}}).reason == sentence


def test_an_old_report_says_nothing() -> None:
    assert not read_choice({"schema": 1, "target": "t"})
    assert read_choice({"quantization": {"effort": "low"}})
