from __future__ import annotations

import base64
import hashlib
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.report import render_html, summary_lines, summary_table, validate_report
from edgecomp.report.schema import REPORT, Anything, ByName, Fields, Flag, Items, Number, Spec, Text

HOSTILE = "</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)> \"'>&\x1b[2J[bold]\udc80"
VOID = {"meta", "link", "img", "br"}
LIMIT = 2_000_000
BARS = {"low": -1.0, "high": 3.0, "counts": [1, 0, 5, 2]}


class Page(HTMLParser):
    """Elements of a page, each checked to be closed in order; SVG's self-closed ones count as closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def values(spec: Spec) -> st.SearchStrategy[Any]:
    """Values that a spec allows; nulls and missing keys among them."""
    match spec:
        case Text():
            return st.text(max_size=20) | st.just(HOSTILE)
        case Flag():
            return st.booleans()
        case Number(low=low, high=high, whole=True):
            return st.integers(int(max(low, -(2**62))), int(min(high, 2**62)))
        case Number(low=low, high=high):
            return st.floats(max(low, -1e300), min(high, 1e300))
        case Items(length=None):
            return st.lists(values(spec.item), max_size=3)
        case Items(length=length):
            return st.lists(values(spec.item), min_size=length, max_size=length)
        case Fields():
            return st.fixed_dictionaries(
                {}, optional={name: st.none() | values(one) for name, one in spec.known.items()}
            )
        case ByName():
            return st.dictionaries(st.text(max_size=9), values(spec.item), max_size=3)
        case Anything():
            return st.recursive(st.text(max_size=9) | st.floats(-9, 9) | st.none(), st.lists, max_leaves=4)


def reports() -> st.SearchStrategy[dict[str, Any]]:
    fixed = {"schema": st.just(1), "target": st.text(min_size=1, max_size=20)}
    optional = {name: st.none() | values(one) for name, one in REPORT.known.items() if name not in fixed}
    return st.fixed_dictionaries(fixed, optional=optional)


def accepted(report: dict[str, Any]) -> bool:
    try:
        validate_report(report)
    except InputError:
        return False
    return True


def shown(report: dict[str, Any]) -> str:
    from rich.console import Console

    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(summary_table(report))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@settings(max_examples=80)
@given(reports().filter(accepted))
def test_every_valid_report_can_be_shown_everywhere(report: dict[str, Any]) -> None:
    text = render_html(report)
    Page(text)
    assert len(text.encode()) < LIMIT
    lines = summary_lines(report)
    assert 1 <= len(lines) <= 10
    assert all(line.isprintable() for line in lines)
    assert "\x1b" not in shown(report)


def test_what_comes_from_a_model_file_stays_text() -> None:
    clean, odd = (
        {
            "schema": 1,
            "target": name,
            "layers": [{"name": name, "op": name, "bytes": 1, "sqnr_db": 2.0, "tensor": name, "histogram": BARS}] * 3,
            "tried": [{"settings": {"ranges": name}, "note": name, "kept": True}],
            "quantization": {
                "effort": name,
                "reason": name,
                "equalized": [{"from": name, "to": name, "kind": name}],
                "float_operators": [{"layer": name, "op": name, "reason": name}],
            },
            "source": {"path": name},
            "warnings": [name],
            "labels": [name],
            "recipe": {"a": name},
            "environment": {"cpu": name},
            "steps": [{"name": name, "detail": name}],
            "preprocess": {"name": name, "reason": name, "evidence": {name: name}},
        }
        for name in ("plain", HOSTILE)
    )
    assert [tag for tag, _ in Page(render_html(odd)).tags] == [tag for tag, _ in Page(render_html(clean)).tags]
    assert any("<img src=x onerror=alert(1)>" in text for text in Page(render_html(odd)).texts)
    assert "[bold]" in shown(odd)


def test_the_page_allows_its_own_style_and_script_and_nothing_else() -> None:
    text = render_html({"schema": 1, "target": "t"})
    policy = next(attrs["content"] for tag, attrs in Page(text).tags if tag == "meta" and "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        assert found is not None
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_points_at_nothing_outside_itself() -> None:
    for tag, attrs in Page(render_html({"schema": 1, "target": "t"})).tags:
        assert tag not in {"iframe", "object", "base"}
        for name in ("src", "href", "action", "xlink:href"):
            assert (attrs.get(name) or "data:,").startswith(("data:,", "data:image/png;base64,", "#"))
    assert "url(" not in render_html({"schema": 1, "target": "t"})


def test_thousands_of_layers_with_endless_names_stay_under_two_megabytes() -> None:
    layers = [
        {
            "name": '"<&>' * 500 + str(index),
            "op": "'" * 90,
            "note": '"' * 400,
            "dtype": '"' * 99,
            "sqnr_db": index * 0.01,
            "bytes": 10**9,
            "macs": 10**12,
            "tensor": '"' * 400,
            "range": [-1.25e-30, 1.25e30],
            "representable": [-1.25e-30, 1.25e30],
            "own_sqnr_db": index * 0.02,
            "clipped_share": 1e-7 * index,
            "histogram": {"low": -1.25e-30, "high": 1.25e30, "counts": [1] * (1000 if index < 20 else 1)},
        }
        for index in range(5000)
    ]
    text = render_html(
        {
            "schema": 1,
            "target": "t" * 9999,
            "layers": layers,
            "warnings": ['"' * 9999] * 9999,
            "labels": ['"' * 999] * 9999,
            "steps": [{"name": '"' * 999, "detail": '"' * 9999}] * 999,
            "recipe": {"x": '"' * 10**6},
            "tried": [{"settings": {"ranges": '"' * 999}, "note": '"' * 9999}] * 999,
            "quantization": {
                "reason": '"' * 9999,
                "equalized": [{"from": '"' * 999, "to": '"' * 999, "kind": '"' * 999}] * 999,
                "float_operators": [{"layer": '"' * 999, "op": '"' * 999, "reason": '"' * 9999}] * 999,
            },
        }
    )
    size = len(text.encode())  # apart, or a failure would spend a minute on comparing the text
    assert size < LIMIT
    assert "The 500 of 5,000 layers with the largest error" in text


def endless(spec: Spec, items: int) -> Any:
    """The longest value that a spec allows, all of whose letters have to be escaped."""
    match spec:
        case Text():
            return '"<&>' * 500
        case Flag():
            return True
        case Number(low=low, high=high, whole=whole):
            return int(min(high, 2**60)) if whole else min(high, max(low, 1.2345678e30))
        case Items(length=None):
            return [endless(spec.item, items)] * items
        case Items(length=length):
            return [endless(spec.item, items)] * (length or 0)
        case Fields():
            return {name: endless(one, min(items, 12) if items < 400 else 60) for name, one in spec.known.items()}
        case ByName():
            return {f"{place}": endless(spec.item, items) for place in range(40)}
        case Anything():
            return '"' * 9999


def test_a_report_that_is_endless_in_every_part_stays_under_two_megabytes_and_says_so() -> None:
    known = {name: endless(one, 400) for name, one in REPORT.known.items()}
    report = {**known, "schema": 1, "kind": None, "budget": None, "drop_points": 0.5}
    picture = "data:image/png;base64," + "A" * 60_000
    for part in ("changes", "attention"):
        report["evaluation"][part]["samples"] = [{**report["evaluation"][part]["samples"][0], "image": picture}] * 30
    report["evaluation"]["attention"]["grid"] = [8, 8]
    text = render_html(report)
    size = len(text.encode())
    assert size < LIMIT
    assert "This page leaves out much of report.json" in text
    Page(text)


def test_a_report_that_breaks_the_schema_is_not_rendered() -> None:
    with pytest.raises(InputError):
        render_html({"schema": 1, "target": "t", "agreement": float("nan")})


def test_the_prediction_stands_beside_the_measurement() -> None:
    report = {"schema": 1, "target": "t", "predicted": {"latency_ms": 17.4, "low": 14.1, "high": 21.5}}
    assert "not measured" in render_html(report)
    assert "as predicted" in render_html({**report, "measured": {"latency_ms": {"p50": 20.0}}})
    assert "outside the prediction" in render_html({**report, "measured": {"latency_ms": {"p50": 30.0}}})


def test_the_lines_give_verdict_figures_and_what_stands_out() -> None:
    report = {
        "schema": 1,
        "target": "raspberry-pi-5",
        "source": {"path": "a/digits.keras"},
        "float": {"bytes": 4000, "metric": {"name": "top1", "value": 0.98, "n": 400}},
        "compressed": {"bytes": 1000, "metric": {"name": "top1", "value": 0.98, "n": 400}},
        "drop_points": 0.0,
        "budget": {"max_drop_points": 0.5, "met": True},
        "layers": [{"name": "conv", "sqnr_db": 21.5}, {"name": "dense", "sqnr_db": 40.0}],
        "preprocess": {"name": "0..1"},
        "warnings": ["Few samples."],
    }
    lines = summary_lines(report)
    assert lines[0].startswith("digits.keras for raspberry-pi-5: Ship. ")
    assert any("1.00 kB (4.00× smaller)" in line for line in lines)
    assert lines[-3:] == ["1 warning: Few samples.", "preprocessing 0..1", "largest error in conv: 21.5 dB"]


def test_what_was_chosen_is_one_line_of_the_terminal() -> None:
    report = {
        "schema": 1,
        "target": "t",
        "compressed": {"scheme": "int8"},
        "agreement": 0.992,
        "tried": [{"settings": {"ranges": "mse", "equalize": True, "bias_correction": True}, "kept": True}],
        "quantization": {"equalized": [{"from": "a", "to": "b"}] * 4, "biases_corrected": 12},
    }
    line = "int8: MSE ranges, equalized 4 pairs, biases corrected in 12 layers; agreement 99.20%"
    assert line in summary_lines(report)
    assert line in " ".join(shown(report).split())
    assert not any("ranges" in one for one in summary_lines({"schema": 1, "target": "t", "agreement": 1.0}))


def test_a_layer_that_adds_error_is_blamed_before_one_that_passes_it_on() -> None:
    layers = [{"name": "bad", "sqnr_db": 21.0, "own_sqnr_db": 21.5}, {"name": "last", "sqnr_db": 20.5}]
    assert "most error added by bad: 21.5 dB" in summary_lines({"schema": 1, "target": "t", "layers": layers})


def test_a_report_of_before_has_no_section_on_how_integers_were_made() -> None:
    old = render_html({"schema": 1, "target": "t", "layers": [{"name": "a", "sqnr_db": 3.0}]})
    assert "How the integers were made" not in old
    assert "Names and ranges" not in old
    new = render_html({"schema": 1, "target": "t", "tried": [{"settings": {"ranges": "kl"}, "kept": True}]})
    assert "How the integers were made" in new


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = (
        "import sys, edgecomp.report; print([m for m in ('jinja2', 'rich', 'numpy', 'tensorflow') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
