"""`edgecomp compare`, as a command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgecomp.cli.compare import command
from edgecomp.errors import EdgecompError


def bench(p50: float, cpu: str = "Cortex-A76", valid: bool = True, sha256: str | None = None) -> dict[str, Any]:
    return {
        "model_sha256": sha256,
        "valid": valid,
        "reasons": [] if valid else ["throttled"],
        "latency_ms": {"p50": p50, "intervals": {"p50": {"low": p50 * 0.95, "high": p50 * 1.05, "confidence": 0.95}}},
        "engine": {"name": "ai_edge_litert", "version": "2.3.0", "threads": 1, "xnnpack": True},
        "device": {"cpu": cpu, "cpus": 4},
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, data in {
        "slow": bench(2.0),
        "fast": bench(1.0),
        "hot": bench(1.0, valid=False),
        "other": bench(1.0, cpu="Cortex-A53"),
        "old": bench(1.0, sha256="a" * 64),
        "again": bench(1.1, sha256="a" * 64),
        "new": bench(1.2, sha256="b" * 64),
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    return tmp_path


def run(files: Path, *arguments: str) -> Result:
    named = [str(files / f"{one}.json") if (files / f"{one}.json").exists() else one for one in arguments]
    return CliRunner().invoke(command, named)


def code(result: Result) -> int:
    return result.exception.exit_code if isinstance(result.exception, EdgecompError) else result.exit_code


def test_the_table_says_which_is_better_and_by_how_much(files: Path) -> None:
    found = run(files, "slow", "fast")

    assert code(found) == 0
    assert "0.500× (0.452 .. 0.553)" in found.output
    assert "better" in found.output
    assert "slow.json (ai_edge_litert 2.3.0, 1 thread, XNNPACK)" in found.output


def test_json_has_the_same(files: Path) -> None:
    data = json.loads(run(files, "slow", "fast", "--json").output)

    assert data["against_first"][0]["verdict"] == "better"
    assert data["against_first"][0]["ratio"]["value"] == 0.5
    assert data["failed"] == []


def test_a_gate_that_holds_ends_with_3_and_the_table_is_still_shown(files: Path) -> None:
    found = run(files, "fast", "slow", "--fail-if", "latency>1.1")

    assert code(found) == 3
    assert "latency is 2 times (latency>1.1)" in str(found.exception)
    assert "worse" in found.output
    assert code(run(files, "slow", "fast", "--fail-if", "latency>1.1")) == 0


def test_a_gate_on_what_is_not_valid_ends_with_4(files: Path) -> None:
    assert code(run(files, "slow", "hot", "--fail-if", "latency>1.1")) == 4


def test_what_is_not_valid_is_marked_with_its_reason(files: Path) -> None:
    found = run(files, "slow", "hot")

    assert code(found) == 0
    assert "NOT VALID" in found.output
    assert "B is not valid: throttled." in found.output


def test_different_devices_need_to_be_asked_for(files: Path) -> None:
    assert code(run(files, "slow", "other")) == 2
    allowed = run(files, "slow", "other", "--across-devices")
    assert code(allowed) == 0
    assert "Different devices" in allowed.output


def test_one_result_or_a_bad_condition_is_bad_usage(files: Path) -> None:
    assert code(run(files, "slow")) == 2
    assert code(run(files, "slow", "fast", "--fail-if", "speed>2")) == 2


def test_whether_results_are_of_the_same_file_is_said(files: Path) -> None:
    assert "All are of the same model file." in run(files, "old", "again").output
    different = run(files, "old", "new", "slow").output
    assert "Different model files, by SHA-256: A aaaaaaaaaaaa, B bbbbbbbbbbbb, C does not say." in different
    shared = " ".join(run(files, "old", "again", "new").output.split())
    assert "by SHA-256: A and B aaaaaaaaaaaa, C bbbbbbbbbbbb. Where the file is the same, what ran it differs" in shared
    assert "model file" not in run(files, "old", "slow").output
    said = [json.loads(run(files, *pair, "--json").output)["same_model"] for pair in (("old", "again"), ("old", "new"))]
    assert said == [True, False]
    assert json.loads(run(files, "old", "slow", "--json").output)["same_model"] is None


def test_pages_are_written_whether_or_not_a_gate_fails(files: Path, tmp_path: Path) -> None:
    page, text = tmp_path / "out.html", tmp_path / "out.md"
    found = run(files, "fast", "slow", "--fail-if", "latency>1.1", "--html", str(page), "--md", str(text))

    assert code(found) == 3
    assert "A gate failed" in page.read_text("utf-8")
    assert "latency is 2 times" in text.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_said(files: Path, tmp_path: Path) -> None:
    found = run(files, "fast", "slow", "--html", str(tmp_path / "nowhere" / "out.html"))

    assert code(found) == 2
    assert "cannot be written" in str(found.exception)


def test_conditions_can_be_joined(files: Path) -> None:
    assert code(run(files, "fast", "slow", "--fail-if", "latency>1.1 and latency<1.5")) == 0
    joined = run(files, "fast", "slow", "--fail-if", "latency>9 or latency>1.1")
    assert code(joined) == 3
    assert "latency is 2 times (latency>9 or latency>1.1)" in str(joined.exception)


def test_a_report_alone_is_held_against_its_own_float_model(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    sides = {"float": 0.91, "compressed": 0.90}
    metrics = {name: {"metric": {"name": "top1", "value": value, "n": 2000}} for name, value in sides.items()}
    path.write_text(json.dumps({"schema": 1, "target": "raspberry-pi-5", **metrics}))

    assert code(run(tmp_path, str(path), "--fail-if", "drop>2")) == 0
    found = run(tmp_path, str(path), "--fail-if", "drop>0.5")
    assert code(found) == 3
    assert "drop is 1 points" in str(found.exception)


def test_a_mistake_that_a_report_names_is_said(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    model = {"metric": {"name": "top1", "value": 0.9, "n": 200}}
    diagnosis = ["Layer conv2d_3 ruins the answers: its own error leaves 1.2 dB of its output"]
    data = {"schema": 1, "target": "t", "float": model, "compressed": model, "evaluation": {"diagnosis": diagnosis}}
    path.write_text(json.dumps(data))

    assert "mistake in B: Layer conv2d_3 ruins the answers" in run(tmp_path, str(path)).output
