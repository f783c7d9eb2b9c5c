"""report.md: what a pull request is told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.report import render_markdown
from edgecomp.report.markdown import escaped

REPORT: dict[str, Any] = {
    "schema": 1,
    "target": "raspberry-pi-5",
    "source": {"path": "a/digits.keras"},
    "float": {"bytes": 4000, "metric": {"name": "top1", "value": 0.98, "n": 400}},
    "compressed": {"bytes": 1000, "metric": {"name": "top1", "value": 0.975, "n": 400}},
    "drop_points": 0.5,
    "budget": {"max_drop_points": 1.0, "met": True},
    "layers": [{"name": "conv", "op": "CONV_2D", "sqnr_db": 21.5, "bytes": 90}],
    "findings": [{"severity": "warning", "what": "XNNPACK cuts it in 3", "remedy": "move the pool", "layers": []}],
    "warnings": ["Few samples."],
}


def test_the_verdict_comes_first_and_the_table_follows() -> None:
    lines = render_markdown(REPORT).splitlines()
    assert lines[0] == "## ✅ Ship: digits.keras for raspberry-pi-5"
    assert "| Top-1 accuracy<br>400 held-out samples | 98.00% | 97.50%<br>0.5 points lost |" in lines
    assert "- **warning:** XNNPACK cuts it in 3 What to do: move the pool" in lines
    assert "- Few samples." in lines


def test_a_mistake_is_the_first_thing_that_is_read() -> None:
    said = "Layer conv ruins the answers: its own error leaves 1.2 dB"
    lines = render_markdown({**REPORT, "evaluation": {"diagnosis": [said]}}).splitlines()
    assert lines[0].startswith("## ❌ Do not ship yet")
    assert lines[2] == "- **Layer conv ruins the answers:** its own error leaves 1.2 dB"


def test_a_loss_beyond_the_budget_is_marked_in_words() -> None:
    lost = {**REPORT, "drop_points": 9.0, "budget": {"max_drop_points": 1.0, "met": False}}
    lost["compressed"] = {"metric": {"name": "top1", "value": 0.89, "n": 400}}
    text = render_markdown(lost)
    assert text.startswith("## ❌ Do not ship: ")
    assert "⚠️ 9 points lost" in text


def test_the_smallest_report_is_a_few_lines() -> None:
    assert render_markdown({"schema": 1, "target": "t"}).startswith("## ❔ Not judged")


def test_a_report_that_breaks_the_schema_is_not_rendered() -> None:
    with pytest.raises(InputError):
        render_markdown({"schema": 1, "target": "t", "agreement": float("nan")})


@given(st.text(max_size=80))
def test_names_cannot_break_out_of_their_cell(name: str) -> None:
    text = render_markdown({**REPORT, "layers": [{"name": name, "op": "ADD", "sqnr_db": 3.0}]})
    rows = [line for line in text.splitlines() if line.startswith("| ") and "ADD" in line]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 6
    assert "<script" not in text


@given(st.text(max_size=80))
def test_escaped_text_is_one_line_and_loses_no_letter(text: str) -> None:
    found = escaped(text)
    assert len(found.splitlines()) <= 1
    assert re.sub(r"\\(.)", r"\1", found).split() == "".join(c if c.isprintable() else " " for c in text).split()
