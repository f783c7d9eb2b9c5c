from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import render_html, summary_lines, validate_report
from edgecomp.report.sections.findings import FINDING_LIMIT, LAYER_LIMIT, findings_line, read_findings
from edgecomp.report.verdict import judge


def finding(severity: str, what: str = "something", **more: Any) -> dict[str, Any]:
    return {"rule": "a-rule", "severity": severity, "what": what, "remedy": "change it", **more}


def report(*findings: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"schema": 1, "target": "cortex-m4", "findings": list(findings), **parts}


@pytest.mark.parametrize(
    ("severities", "line"),
    [
        ((), ""),
        (("note", "note"), ""),
        (("warning", "note"), "on cortex-m4 1 warning: something"),
        (("warning", "warning"), "on cortex-m4 2 warnings: see the report"),
        (("blocker",), "on cortex-m4 1 blocker: see the report"),
        (("blocker", "blocker", "warning"), "on cortex-m4 2 blockers, 1 warning: see the report"),
    ],
)
def test_one_line_counts_what_stands_in_the_way(severities: tuple[str, ...], line: str) -> None:
    said = report(*(finding(one) for one in severities))
    assert findings_line(said) == line
    assert (line in summary_lines(said)) == bool(line)


def test_notes_stand_apart_from_what_is_urgent() -> None:
    found = read_findings(report(finding("blocker", "one"), finding("warning", "two"), finding("note", "three")))
    assert [one.what for one in found.urgent] == ["one", "two"]
    assert [one.what for one in found.notes] == ["three"]
    assert found.summary == "1 blocker, 1 warning, 1 note"


def test_a_report_of_before_says_nothing_and_an_empty_list_says_so() -> None:
    assert not read_findings({"schema": 1, "target": "t"})
    assert read_findings(report()).summary == "nothing stands in the way"
    assert "What stands in the way on the device" not in render_html({"schema": 1, "target": "t"})


def test_the_page_shows_the_finding_with_its_layers_and_what_to_do() -> None:
    said = report(finding("warning", "cut in <two>", layers=["pool", "head"], remedy="move the pooling", operators=[3]))
    validate_report(said)
    page = render_html(said)
    for text in ("cut in &lt;two&gt;", "pool, head", "move the pooling", 'class="warning"'):
        assert text in page


def test_long_lists_are_cut_and_say_so() -> None:
    layers = [f"layer_{index}" for index in range(500)]
    found = read_findings(report(*(finding("note", layers=layers) for _ in range(FINDING_LIMIT + 7))))
    assert found.left_out == 7
    assert found.notes[0].layers.endswith(f"and {500 - LAYER_LIMIT} more")
    assert "7 more are in report.json" in render_html(report(*([finding("note")] * (FINDING_LIMIT + 7))))


@pytest.mark.parametrize(
    ("budget", "title"),
    [
        (None, "Will not run"),
        ({"max_drop_points": 1.0, "met": True}, "Will not run"),
        ({"max_drop_points": 1.0, "met": False}, "Do not ship"),
    ],
)
def test_a_file_that_does_not_run_is_none_to_ship_whatever_the_accuracy(budget: Any, title: str) -> None:
    said = report(finding("blocker", "no kernels for GELU"), budget=budget, drop_points=0.0)
    assert (judge(said).outcome, judge(said).title) == ("stop", title)
    assert judge(said).reason.startswith("On cortex-m4 as it is: no kernels for GELU. ")
    assert judge({**said, "findings": [finding("warning")]}).title != "Will not run"
