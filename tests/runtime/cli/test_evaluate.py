"""`edgecomp-runtime evaluate` prints accuracy and agreement with their intervals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.cli import main
from PIL import Image


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, name in enumerate(("ant", "bee", "cat", "dog")):
        (tmp_path / "data" / name).mkdir(parents=True)
        noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "data" / name / "0.png")
    return tmp_path / "data"


def test_a_bundle_is_held_against_a_bare_file_prepared_alike(
    write_bundle: Callable[..., Path], models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(models / "photo_float.tflite")
    assert main(["evaluate", str(write_bundle()), str(photos), "--against", other, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["n"], data["failed"], data["metric"]["n"], data["against"]["metric"]["n"]) == (4, 0, 4, 4)
    assert data["agreement"] >= 0.75
    low, high = data["agreement_interval"]
    assert low < data["agreement"] <= high
    assert data["engine"]["name"] == "ai_edge_litert"
    assert main(["evaluate", str(write_bundle()), str(photos), "--against", other]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert "95% interval" in lines[0]
    assert lines[2].startswith(f"same answer as {other}: ")


def test_a_broken_photo_gives_exit_code_2_beside_the_figures(
    write_bundle: Callable[..., Path], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "ant/1.png").write_bytes(b"no photo")
    assert main(["evaluate", str(write_bundle()), str(photos), "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["failed"] == 1
    assert err.count("\n") == 1
    assert "ant/1.png" in err


def test_a_file_that_does_not_fit_the_first_ones_contract_is_refused(
    write_bundle: Callable[..., Path], models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(write_bundle()), str(photos), "--against", str(models / "table.tflite")]) == 2
    assert capsys.readouterr().out == ""
