"""Results of every form, and what is none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.cli import main
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.compare import Figure, read_all, read_results
from edgecomp.errors import InputError

Write = Callable[..., str]


def test_a_benchmark_brings_latencies_with_intervals(write: Write, bench: dict[str, Any]) -> None:
    (found,) = read_results(write("a.json", bench))

    assert found.figures["latency"] == Figure(2.0, 1.9, 2.1)
    assert found.figures["p90"] == Figure(2.5, 2.4, 2.6)
    assert "p99" not in found.figures
    assert found.figures["memory"] == Figure(50e6)
    assert found.figures["energy"] == Figure(0.004)
    assert found.figures["energy-net"] == Figure(0.003)
    assert found.device.facts == {"board": "Raspberry Pi 5", "cpu": "Cortex-A76", "cpus": "4"}
    assert found.setting == "ai_edge_litert 2.3.0, 4 threads, XNNPACK"
    assert found.valid is True


def test_what_the_device_package_prints_is_read(
    network: Callable[[str], Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.tflite").write_bytes(network("dense").file)
    main(["bench", str(tmp_path / "model.tflite"), "--seconds", "0.1", "--json"])
    (tmp_path / "bench.json").write_text(capsys.readouterr().out)

    (found,) = read_results(str(tmp_path / "bench.json"))

    assert found.figures["latency"].value > 0
    assert found.figures["latency"].low is not None
    assert "cpu" in found.device.facts


def test_a_sweep_is_one_result_for_each_setting(write: Write, bench: dict[str, Any]) -> None:
    slower = bench | {"engine": {**bench["engine"], "threads": 1}}

    found = read_results(write("sweep.json", {"sweep": [bench, slower], "skipped": {}}))

    assert [one.name.partition("sweep.json")[2] for one in found] == [
        " (ai_edge_litert 2.3.0, 4 threads, XNNPACK)",
        " (ai_edge_litert 2.3.0, 1 thread, XNNPACK)",
    ]


def test_a_report_is_its_compressed_model_unless_another_is_named(write: Write, report: dict[str, Any]) -> None:
    path = write("report.json", report)
    (compressed,), (float_model,) = read_results(path), read_results(f"{path}:float")

    assert compressed.figures["size"] == Figure.exact(80_000)
    assert compressed.figures["agreement"] == Figure(0.99)
    accuracy = compressed.figures["accuracy"]
    assert accuracy.value == 0.9
    assert accuracy.low == pytest.approx(0.88607, abs=1e-5)
    assert float_model.figures["size"] == Figure.exact(280_000)
    assert float_model.figures["latency"] == Figure(30.0)
    assert float_model.valid is False
    assert compressed.device.facts == {"cpu": "AMD EPYC", "cpus": "2"}


def test_a_result_folder_is_the_report_in_it(write: Write, report: dict[str, Any]) -> None:
    folder = Path(write("report.json", report)).parent

    assert read_results(str(folder)) == read_results(str(folder / "report.json"))
    assert read_results(f"{folder}:float") == read_results(f"{folder}/report.json:float")
    assert [one.name for one in read_all([str(folder)])] == [
        f"{folder}/report.json:float",
        f"{folder}/report.json:compressed",
    ]
    with pytest.raises(InputError, match="cannot be read"):
        read_results(str(folder.parent))


def test_a_report_says_why_a_latency_does_not_count(write: Write, report: dict[str, Any]) -> None:
    report["float"]["latency_ms"]["reasons"] = ["noisy neighbour: another program"]
    (found,) = read_results(write("report.json", report) + ":float")

    assert found.reasons == ("noisy neighbour: another program",)


def test_a_report_brings_what_a_device_said(write: Write, report: dict[str, Any]) -> None:
    (found,) = read_results(write("report.json", report) + ":kitchen")

    assert found.figures["latency"] == Figure(7.0)
    assert found.figures["size"] == Figure.exact(80_000)
    assert found.device.facts["host"] == "kitchen"


def test_a_part_that_is_not_there_is_named_with_those_that_are(
    write: Write, report: dict[str, Any], bench: dict[str, Any]
) -> None:
    path = write("report.json", report)
    with pytest.raises(InputError, match="kitchen"):
        read_results(f"{path}:cellar")
    with pytest.raises(InputError, match="no stock model"):
        read_results(f"{path}:stock")
    with pytest.raises(InputError, match="this is none"):
        read_results(write("bench.json", bench) + ":float")


def test_a_report_of_today_brings_intervals_and_the_files_hash(write: Write, report: dict[str, Any]) -> None:
    report["compressed"]["sha256"] = "ab" * 32
    for latency in (report["compressed"]["latency_ms"], report["devices"][1]["latency_ms"]):
        latency["intervals"] = {"p50": {"low": 6.5, "high": 10.5, "confidence": 0.95}}
    path = write("report.json", report)
    converted, device, other = (read_results(f"{path}{part}")[0] for part in ("", ":kitchen", ":float"))
    assert converted.figures["latency"] == Figure(10.0, 6.5, 10.5)
    assert converted.figures["p90"] == Figure(11.0)
    assert device.figures["latency"] == Figure(7.0, 6.5, 10.5)
    assert converted.model_sha256 == device.model_sha256 == "ab" * 32
    assert other.model_sha256 is None


def test_emulated_counts_and_evaluations_are_read(write: Write) -> None:
    counted = {"file": "m", "on": "emulate:cortex-a53", "instructions": 100, "spread": 2, "valid": True}
    evaluated = {"file": "m", "n": 100, "metric": {"name": "top1", "value": 0.5, "n": 100}, "agreement": 0.9}

    (instructions,) = read_results(write("count.json", counted))
    (accuracy,) = read_results(write("evaluation.json", evaluated))

    assert instructions.figures == {"instructions": Figure(100, 98, 102)}
    assert instructions.device.facts == {"cpu": "emulate:cortex-a53"}
    assert set(accuracy.figures) == {"accuracy", "agreement"}
    agreement = accuracy.figures["agreement"]
    assert (agreement.low, agreement.high) == pytest.approx((0.8256, 0.9448), abs=1e-4)


def test_what_was_profiled_over_ssh_is_read(write: Write, bench: dict[str, Any]) -> None:
    (found,) = read_results(write("there.json", {"file": "m", "on": "ssh://kitchen", **bench, "verification": None}))

    assert found.figures["latency"] == Figure(2.0, 1.9, 2.1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON"),
        ("[1, 2]", "no JSON object"),
        ('{"name": "package", "version": "1.0"}', "no result that can be compared"),
        ('{"latency_ms": {"p50": NaN}}', "NaN is no figure"),
        ('{"latency_ms": {"p50": "fast"}}', "p50 is 'fast', not a number"),
        ('{"latency_ms": {"p50": true}}', "not a number"),
        ('{"latency_ms": 5}', "latency_ms is no JSON object"),
        ('{"latency_ms": {}}', "has no p50"),
        ('{"latency_ms": {"p50": 1, "intervals": {"p50": {"low": 3, "high": 2}}}}', "no interval"),
        ('{"sweep": 3}', "sweep is no list"),
        ('{"sweep": [7]}', r"sweep\[0\] is no JSON object"),
        ('{"metric": {"name": "top1", "value": 90, "n": 10}}', "not a share between 0 and 1"),
        ('{"metric": {"name": "top1", "value": 0.9, "n": 0}}', "no number of samples"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_foreign_and_broken_files_are_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)

    with pytest.raises(InputError, match=reason) as caught:
        read_results(str(path))
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_results(str(tmp_path / "absent.json:float"))
    with pytest.raises(InputError, match="cannot be read"):
        read_results(str(tmp_path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused(
    tmp_path: Path, bench: dict[str, Any], report: dict[str, Any], data: st.DataObject
) -> None:
    result = json.loads(json.dumps(data.draw(st.sampled_from([bench, report]))))
    place = result
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(result))

    with contextlib.suppress(InputError):
        for one in read_results(str(path)):
            json.dumps([figure.value for figure in one.figures.values()], allow_nan=False)
