"""What phones send is read with care, and filed without touching what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.compare import read_results
from edgecomp.errors import InputError
from edgecomp.phone.keeping import keep, merge
from edgecomp.phone.result import read_result

SHA = "ab" * 32


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "model_sha256": SHA,
        "browser": "Chrome 130",
        "backend": "wasm-threads",
        "device": {"board": "Pixel 8", "cpu": "arm", "cpus": 9},
        "machine": "Android 15",
        "valid": True,
        "reasons": [],
        "latency_ms": {
            "p50": 4.5,
            "p90": 5.0,
            "p99": None,
            "runs": 900,
            "intervals": {"p50": {"low": 4.4, "high": 4.6, "confidence": 0.93}},
        },
        "engine": {"name": "LiteRT.js", "version": "2.5.3", "threads": 4, "xnnpack": None},
        "load_ms": 20.0,
        "first_ms": 9.0,
        "golden": {"passed": True, "max_steps": 0.0, "samples": 4},
        **changes,
    }


def as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_result_names_the_phone_and_its_browser_and_backend() -> None:
    result = read_result(as_bytes(sent()), SHA)
    assert result.name == "Pixel 8, Chrome 130, wasm-threads"
    assert (result.p50_ms, result.valid, result.verified) == (4.5, True, True)


def test_a_failure_is_a_result_as_well() -> None:
    result = read_result(as_bytes({"model_sha256": SHA, "failed": "no such operator"}), SHA)
    assert (result.failed, result.bench, result.valid) == ("no such operator", {}, False)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\xff",
        b"[]",
        b"3",
        b"{}",
        b"[" * 5000,
        as_bytes(sent(model_sha256="00" * 32)),
        as_bytes(sent(latency_ms={})),
        as_bytes(sent(latency_ms={"p50": "4"})),
        as_bytes(sent(latency_ms={"p50": -4.0})),
        as_bytes(sent(latency_ms={"p50": 1e300})),
        as_bytes(sent()).replace(b"4.5", b"NaN"),
        as_bytes(sent(golden=[])),
        as_bytes(sent(valid="yes")),
        as_bytes(sent(device={"board": 3})),
        as_bytes(sent(windows=[[[[[[[1]]]]]]])),
        as_bytes(sent(windows=[0] * 3000)),
    ],
)
def test_what_is_no_result_of_this_model_is_refused(wrong: bytes) -> None:
    with pytest.raises(InputError):
        read_result(wrong, SHA)


def test_nothing_can_trouble_a_terminal() -> None:
    result = read_result(as_bytes(sent(device={"board": "\x1b[2Jphone\n\u202e" + "x" * 5000}, browser="\x07")), SHA)
    assert result.name.isprintable()
    assert len(result.name) < 700


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(sent())), json_values))
def test_any_json_is_a_result_or_refused(changes: dict[str, Any]) -> None:
    try:
        result = read_result(as_bytes(sent(**changes)), SHA)
    except InputError:
        return
    assert result.name.isprintable()


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_result(data, SHA)


def test_results_are_kept_side_by_side_and_compared(tmp_path: Path) -> None:
    result = read_result(as_bytes(sent()), SHA)
    first, second = keep(result, tmp_path / "phones"), keep(result, tmp_path / "phones")
    assert [first.name, second.name] == [
        "pixel-8-chrome-130-wasm-threads.json",
        "pixel-8-chrome-130-wasm-threads-2.json",
    ]
    (read,) = read_results(str(first))
    assert (read.figures["latency"].value, read.figures["latency"].low) == (4.5, 4.4)
    assert sorted(one.name for one in first.parent.iterdir()) == sorted([first.name, second.name])


@pytest.mark.parametrize("board", ["../../etc/x", "..", "/", "", "ü"])
def test_a_phones_name_cannot_choose_the_folder(tmp_path: Path, board: str) -> None:
    result = read_result(as_bytes(sent(device={"board": board})), SHA)
    assert keep(result, tmp_path).parent == tmp_path


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="name another --out"):
        keep(read_result(as_bytes(sent()), SHA), tmp_path / "file")


def test_a_result_goes_into_the_report_beside_the_bundle(tmp_path: Path) -> None:
    report = {"schema": 1, "target": "browser", "compressed": {"sha256": SHA, "bytes": 5}}
    (tmp_path / "report.json").write_text(json.dumps(report))
    result = read_result(as_bytes(sent()), SHA)
    merged = merge(result, tmp_path, SHA)
    assert merged is not None
    assert merged.note == ""
    (device,) = json.loads((tmp_path / "report.json").read_text())["devices"]
    assert (device["host"], device["latency_ms"]["p50"], device["verified"]) == (result.name, 4.5, True)
    (again,) = read_results(f"{tmp_path / 'report.json'}:{result.name}")
    assert again.figures["latency"].value == 4.5


def test_a_report_of_another_model_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema": 1, "target": "browser", "compressed": {"sha256": "00"}}))
    before = path.read_bytes()
    merged = merge(read_result(as_bytes(sent()), SHA), tmp_path, SHA)
    assert merged is not None
    assert "another model" in merged.note
    assert path.read_bytes() == before
