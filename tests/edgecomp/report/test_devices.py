"""What devices said, in the report of a conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgecomp.report import read_report_json, render_html, render_markdown, write_report_json
from edgecomp.report.devices import device_entry, merge_into, with_devices

SHA256 = "0" * 64


def bench(p50: float, *, valid: bool = True) -> dict[str, Any]:
    latency = {"p50": p50, "p90": 2 * p50, "p99": None, "runs": 60, "mean": p50}
    return {"valid": valid, "latency_ms": latency, "machine": "Linux aarch64", "peak_memory_bytes": 30_000_000}


def entry(host: str, p50: float | None = None, *, valid: bool = True, verified: bool | None = True) -> dict[str, Any]:
    figures = None if p50 is None else bench(p50, valid=valid)
    return device_entry(host=host, at="2026-11-26T05:00:00+00:00", bench=figures, verified=verified, installed=None)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    write_report_json({"schema": 1, "target": "raspberry-pi-4b", "compressed": {"sha256": SHA256}, "new": 1}, path)
    return path


def test_devices_are_added_and_the_rest_stays(report: Path) -> None:
    assert merge_into(report.parent, [entry("kitchen", 3.0)], SHA256) is not None
    merge_into(report.parent, [entry("hall", 4.0)], SHA256)
    found = read_report_json(report)
    assert [one["host"] for one in found["devices"]] == ["kitchen", "hall"]
    assert found["devices"][0]["latency_ms"] == {"p50": 3.0, "p90": 6.0, "p99": None, "runs": 60, "valid": True}
    assert found["measured"]["where"] == "hall: Linux aarch64"
    assert found["new"] == 1


def test_intervals_come_along_and_are_read_again(report: Path) -> None:
    interval = {"low": 2.5, "high": 3.5, "confidence": 0.95}
    figures = bench(3.0)
    figures["latency_ms"]["intervals"] = {"p50": interval}
    merge_into(
        report.parent, [device_entry(host="kitchen", at="", bench=figures, verified=None, installed=None)], SHA256
    )
    found = read_report_json(report)
    assert found["devices"][0]["latency_ms"]["intervals"] == found["measured"]["latency_ms"]["intervals"]
    assert found["measured"]["latency_ms"]["intervals"] == {"p50": interval}


def test_a_device_that_is_asked_again_says_the_newer_thing() -> None:
    before = with_devices({}, [entry("kitchen", 3.0), entry("hall", 4.0)])
    after = with_devices(before, [entry("kitchen", 5.0, verified=None)])
    kitchen = after["devices"][-1]
    assert (kitchen["host"], kitchen["latency_ms"]["p50"], kitchen["verified"]) == ("kitchen", 5.0, True)
    assert len(after["devices"]) == 2


def test_what_is_not_valid_is_kept_but_is_no_measurement() -> None:
    found = with_devices({}, [entry("kitchen", 3.0, valid=False), entry("hall")])
    assert "measured" not in found
    assert found["devices"][0]["latency_ms"]["valid"] is False


def test_a_report_of_another_model_stays_as_it_is(report: Path) -> None:
    before = report.read_bytes()
    merged = merge_into(report.parent, [entry("kitchen", 3.0)], "1" * 64)
    assert merged is not None
    assert "another model" in merged.note
    assert report.read_bytes() == before


def test_what_a_device_makes_up_does_not_get_in(report: Path) -> None:
    before = report.read_bytes()
    merged = merge_into(report.parent, [entry("kitchen", -1.0)], SHA256)
    assert merged is not None
    assert "devices[0].latency_ms.p50" in merged.note
    assert report.read_bytes() == before


def test_a_damaged_report_costs_nobody_the_figures(report: Path) -> None:
    report.write_text("{")
    merged = merge_into(report.parent, [entry("kitchen", 3.0)], SHA256)
    assert merged is not None
    assert "not a JSON file" in merged.note
    assert report.read_text() == "{"


def test_no_report_is_no_fault(tmp_path: Path) -> None:
    assert merge_into(tmp_path, [entry("kitchen", 3.0)], SHA256) is None
    assert list(tmp_path.iterdir()) == []


def test_the_page_shows_devices_and_escapes_what_they_say(report: Path) -> None:
    (report.parent / "report.html").write_text("old")
    strange = {**entry("<b>hall", 4.0), "machine": "<script>"}
    merge_into(report.parent, [entry("kitchen", 3.0), strange], SHA256)
    page = (report.parent / "report.html").read_text()
    assert "Measured on devices" in page
    assert "&lt;b&gt;hall" in page
    assert "<b>hall" not in page
    assert page == render_html(read_report_json(report))
    assert not (report.parent / "report.md").exists()


def test_markdown_that_lies_there_is_written_anew(report: Path) -> None:
    (report.parent / "report.md").write_text("old")
    merge_into(report.parent, [entry("kitchen", 3.0)], SHA256)
    assert (report.parent / "report.md").read_text() == render_markdown(read_report_json(report))
