"""`edgecomp inspect FILE --target NAME`: what is printed, as text and JSON, and the exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.tflite import read_tflite

Run = Callable[..., Any]


@pytest.fixture
def int8_file(network: Any, tmp_path: Path) -> Path:
    file = network("conv").file
    computed = [tensor.name for tensor in read_tflite(file).main.tensors if not tensor.is_constant]
    path = tmp_path / "model.tflite"
    path.write_bytes(quantize(file, scheme="int8", io="int8", ranges=dict.fromkeys(computed, (-2.0, 2.0))))
    return path


def test_delegates_findings_and_layers_are_printed(edgecomp: Run, int8_file: Path) -> None:
    ended = edgecomp("inspect", int8_file, "--target", "raspberry-pi-4b")
    assert ended.code == 0, ended.stderr
    assert "xnnpack runs 6 of 7 operators in 1 part" in ended.stdout
    assert "note: XNNPACK leaves 1 operator to TFLite's own kernels: SOFTMAX" in ended.stdout
    assert "[scores]" in ended.stdout
    assert "  -> behind the last layer it costs little" in ended.stdout
    assert "nothing stands in its way" in ended.stdout
    assert re.search(r"predicted latency [\d.]+ .s \([\d.]+ .s to [\d.]+ .s\) with 4 threads", ended.stdout)


def test_json_has_the_same(edgecomp: Run, int8_file: Path) -> None:
    found = json.loads(edgecomp("inspect", int8_file, "--target", "raspberry-pi-4b", "--json").stdout)
    assert found["delegates"] == [{"delegate": "xnnpack", "operators": 7, "taken": 6, "partitions": 1}]
    (finding,) = (one for one in found["findings"] if one["rule"] == "xnnpack-left-over")
    assert (finding["severity"], finding["ops"], finding["layers"]) == ("note", ["SOFTMAX"], ["scores"])
    assert found["tflite"]["peak_arena_bytes"] > found["tflite"]["peak_activation_bytes"]
    assert found["tflite"]["signatures"][0]["inputs"] == ["photo"]
    predicted = found["predicted"]
    assert 0 < predicted["low"] < predicted["latency_ms"] < predicted["high"]
    unknown = json.loads(edgecomp("inspect", int8_file, "--target", "cortex-m4", "--json").stdout)
    assert unknown["predicted"] is None, "this profile has no coefficients"


def test_strict_ends_with_code_2_where_something_blocks(edgecomp: Run, int8_file: Path) -> None:
    for options, code in ((("browser",), 0), (("browser", "--strict"), 2), (("raspberry-pi-4b", "--strict"), 0)):
        ended = edgecomp("inspect", int8_file, "--target", *options)
        assert ended.code == code, ended.stderr
        assert ("blocker: " in ended.stdout) == (options[0] == "browser")
        assert ended.stderr == ""
    assert edgecomp("inspect", int8_file, "--target", "browser", "--strict", "--json").code == 2


def test_strict_does_not_go_with_sensitivity(edgecomp: Run, int8_file: Path) -> None:
    ended = edgecomp("inspect", int8_file, "--strict", "--sensitivity")
    assert ended.code == 2
    assert "--strict" in ended.stderr
