"""The result of an evaluation as a page."""

from __future__ import annotations

from typing import Any

from edgecomp.report import evaluation_report, render_html, render_markdown, validate_report
from edgecomp.report.verdict import judge

RESULT: dict[str, Any] = {
    "file": "out/model.tflite",
    "task": "classification",
    "n": 540,
    "metric": {"name": "top1", "value": 0.11, "n": 540},
    "interval": [0.09, 0.14],
    "interval_method": "wilson",
    "figures": {"macro_f1": 0.1},
    "classes": [{"name": "cat", "n": 50, "precision": 0.1, "recall": 0.1, "f1": 0.1}],
    "confusion": None,
    "agreement": 0.1,
    "sqnr_db": 1.5,
    "against": {
        "file": "float.keras",
        "metric": {"name": "top1", "value": 0.98, "n": 540},
        "figures": {},
        "classes": [],
    },
    "comparison": {"n": 540, "both": 50, "lost": 480, "won": 9, "drop": 0.87, "low": 0.8, "high": 0.9, "p": 0.0}
    | {"max_drop_points": 1.0, "within_budget": False, "words": ["87.00 points are lost."]},
    "diagnosis": ["Layer conv2d_3 ruins the answers: its own error leaves 1.2 dB of its output"],
    "preprocess": {"name": "0..1", "reason": "as given"},
    "warnings": [],
}


def test_an_evaluation_makes_the_same_page() -> None:
    report = evaluation_report(RESULT)
    validate_report(report)
    assert judge(report).title == "Do not ship"
    page = render_html(report)
    assert "edgecomp evaluation report" in page
    assert page.index("Layer conv2d_3 ruins the answers") < page.index("<main>")
    assert "model.tflite" in page
    assert "float.keras" in page
    assert "for the reference" in page
    assert "the float model" not in page.replace("Values of the float model", "")


def test_an_evaluation_of_one_file_has_one_column() -> None:
    alone = {**RESULT, "against": None, "comparison": None, "agreement": None, "sqnr_db": None, "diagnosis": []}
    page = render_html(evaluation_report(alone))
    assert "This file" in page
    assert 'scope="col">Reference' not in page.split("Side by side", 1)[1].split("</section>", 1)[0]


def test_markdown_of_an_evaluation_names_both_files() -> None:
    assert render_markdown(evaluation_report(RESULT)).startswith("## ❌ Do not ship: model.tflite against float.keras")
