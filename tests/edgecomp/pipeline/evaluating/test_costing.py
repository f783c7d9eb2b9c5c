"""Figures of two files, and what they are worth."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.pipeline.evaluating.costing import cost_data
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.targets import load_target
from edgecomp.tflite import read_tflite


@pytest.fixture(scope="module")
def files(network: Any) -> dict[str, bytes]:
    net = network("conv")
    ranges = choose_ranges(observe(net.file, threads=1, stream=net.samples), "minmax", model=read_tflite(net.file))
    return {"float": net.file, "compressed": quantize(net.file, scheme="int8", io="int8", ranges=ranges)}


def by_name(data: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in data["quantities"]}


def report(valid: bool = True) -> dict[str, Any]:
    return {
        "drop_points": 0.5,
        "float": {"latency_ms": {"p50": 4.0, "valid": True}},
        "compressed": {"latency_ms": {"p50": 1.0, "valid": valid}, "metric": {"name": "top1", "value": 0.9, "n": 200}},
    }


def test_what_was_measured_is_used_and_says_where(files: dict[str, bytes]) -> None:
    data = cost_data(report(), files, load_target("raspberry-pi-4b"))
    found = by_name(data)
    assert (found["latency"]["gain"], found["latency"]["source"]) == (4.0, "measured here")
    assert (found["accuracy"]["value"], found["accuracy"]["source"]) == (0.5, "measured on 200 samples")
    assert found["size"]["gain"] == pytest.approx(len(files["float"]) / len(files["compressed"]))
    assert found["memory"]["gain"] > 1
    assert (found["energy"]["value"], found["energy"]["source"]) == (None, None)
    assert [one["name"] for one in data["scenarios"]] == ["phone", "camera", "car", "gateway"]
    phone = data["scenarios"][0]
    assert phone["missing"] == ["energy"]
    assert phone["score"] > 1
    assert "without energy, not known" in phone["words"]


@pytest.mark.parametrize("given", [report(valid=False), {"drop_points": 0.5}])
def test_a_latency_that_does_not_count_gives_way_to_the_profiles(given: dict[str, Any], files: Any) -> None:
    found = by_name(cost_data(given, files, load_target("raspberry-pi-4b")))["latency"]
    assert found["source"] == "predicted for raspberry-pi-4b"
    assert 0 < found["value"] < found["reference"]


def test_nothing_is_made_up(files: dict[str, bytes]) -> None:
    data = cost_data({}, files, None)
    known = [one["name"] for one in data["quantities"] if one["value"] is not None]
    assert known == ["size", "memory", "macs"]
    camera = data["scenarios"][1]
    assert set(camera["missing"]) == {"energy", "accuracy", "latency"}
    assert camera["covered"] == pytest.approx(0.2)
