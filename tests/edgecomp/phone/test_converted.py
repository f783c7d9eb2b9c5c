"""What `convert` makes runs on the page: with float edges for browsers, and with floats around them for boards."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from edgecomp.phone.model_data import read_model_data
from edgecomp.pipeline.convert import convert
from edgecomp.tflite import read_tflite


@pytest.mark.parametrize(("target", "wrapped"), [("browser", False), ("raspberry-pi-4b", True)])
def test_an_int8_model_has_floats_at_its_edges_on_the_page(
    corners: Any, shared_worker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str, wrapped: bool
) -> None:
    monkeypatch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))
    done = convert(corners.model, target=target, data=corners.data, effort="low", out=tmp_path / "out")
    data = read_model_data(done.bundle)
    assert (data.about["scheme"], data.about["wrapped"]) == ("int8", wrapped)
    served = read_tflite(data.model)
    assert {one.dtype for one in (*served.inputs, *served.outputs)} == {"float32"}
    assert any(one.dtype == "int8" for one in served.main.tensors)
    assert [one["dtype"] for one in data.about["golden"]["outputs"]] == ["float32"]
