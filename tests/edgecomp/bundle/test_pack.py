"""Bundles: the same contents give the same bytes, and the device package takes what is written."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.bundle.read import read_bundle
from edgecomp_runtime.model import Model
from edgecomp_runtime.verify import verify
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.bundle import BundleContents, Goldens, pack_bundle
from edgecomp.bundle.archive import zip_bytes
from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.evaluate.run import stored_values
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite


@pytest.fixture(scope="session")
def contents(network: Callable[[str], Any]) -> BundleContents:
    net = network("conv")
    ranges = choose_ranges(observe(net.file, threads=1, stream=net.samples), "minmax", model=read_tflite(net.file))
    model = quantize(net.file, scheme="int8", io="int8", ranges=ranges)
    output = replace(net.contract.outputs[0], kind="classification", labels=("a", "b", "c", "d", "é f"))
    contract = replace(net.contract, outputs=(output,))
    inputs, outputs = stored_values(model, contract, threads=1, stream=net.samples[:3])
    return BundleContents(
        name="conv",
        target="raspberry-pi-4b",
        scheme="int8",
        io="int8",
        model=model,
        contract=contract,
        goldens=Goldens(tuple(inputs), tuple(outputs), tolerance_steps=4),
        verified_with={"engine": "ai_edge_litert", "version": "0", "machine": "x86_64", "xnnpack": True},
        measured={"latency_ms": None, "metric": None},
    )


def test_the_device_package_reads_it_back(contents: BundleContents, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack_bundle(contents))
    bundle = read_bundle(path)
    assert bundle.model == contents.model
    assert bundle.contract == contents.contract
    assert bundle.labels == ("a", "b", "c", "d", "é f")
    assert bundle.goldens is not None
    np.testing.assert_array_equal(bundle.goldens.inputs[0], contents.goldens.inputs[0])
    result = verify(Model.load(path))
    assert result.exact
    assert result.max_steps == 0


def test_the_same_contents_give_the_same_bytes(contents: BundleContents) -> None:
    assert pack_bundle(contents) == pack_bundle(replace(contents))


def test_a_changed_weight_changes_the_manifest(contents: BundleContents) -> None:
    manifests = []
    for model in (contents.model, contents.model[:-1] + bytes([contents.model[-1] ^ 1])):
        with zipfile.ZipFile(io.BytesIO(pack_bundle(replace(contents, model=model)))) as archive:
            manifests.append(json.loads(archive.read("manifest.json"))["files"]["model.tflite"]["sha256"])
    assert manifests[0] != manifests[1]


def test_the_manifest_lists_every_file_with_size_and_hash(contents: BundleContents) -> None:
    with zipfile.ZipFile(io.BytesIO(pack_bundle(contents))) as archive:
        assert archive.namelist()[0] == "manifest.json"
        listed = json.loads(archive.read("manifest.json"))["files"]
        held = {one.get("transport", {}).get("file", name): one.get("transport", one) for name, one in listed.items()}
        assert set(held) == set(archive.namelist()) - {"manifest.json"}
        for name, entry in held.items():
            assert {"sha256": entry["sha256"], "bytes": entry["bytes"]} == _digest(archive.read(name))
            deflated = archive.getinfo(name).compress_type == zipfile.ZIP_DEFLATED
            assert deflated == ("packed" in entry)
        assert listed["model.tflite"]["transport"]["file"] == "model.ect"
        expected = _digest(contents.model)
        assert {key: listed["model.tflite"][key] for key in expected} == expected


def test_a_bundle_is_hardly_larger_than_what_it_proves_itself_with(contents: BundleContents) -> None:
    made = pack_bundle(contents)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".whl")]
        rest = sum(archive.getinfo(name).compress_size for name in archive.namelist() if name != "manifest.json")
    assert len(made) < rest + 4000


def _digest(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def test_a_model_without_classes_has_no_labels(contents: BundleContents, tmp_path: Path) -> None:
    output = replace(contents.contract.outputs[0], kind="values", labels=())
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack_bundle(replace(contents, contract=replace(contents.contract, outputs=(output,)))))
    assert read_bundle(path).labels == ()


def test_a_figure_that_is_not_a_number_is_refused(contents: BundleContents) -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack_bundle(replace(contents, measured={"latency_ms": float("nan")}))


@given(st.dictionaries(st.text("abc/._", min_size=1, max_size=9), st.binary(max_size=200), max_size=5))
def test_an_archive_keeps_its_entries_and_says_nothing_of_when_and_where(entries: dict[str, bytes]) -> None:
    packed = zip_bytes(entries)
    assert packed == zip_bytes(dict(entries))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == entries
        assert {info.date_time for info in archive.infolist()} <= {(1980, 1, 1, 0, 0, 0)}


def test_the_wheels_record_is_right() -> None:
    name, wheel = runtime_wheel()
    assert name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        record = next(one for one in archive.namelist() if one.endswith(".dist-info/RECORD"))
        rows = {row[0]: row[1:] for row in csv.reader(archive.read(record).decode().splitlines())}
        assert set(rows) == set(archive.namelist())
        assert rows.pop(record) == ["", ""]
        for path, (digest, size) in rows.items():
            data = archive.read(path)
            exact = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={exact}", str(len(data)))


def test_the_wheel_holds_the_sources_and_nothing_else() -> None:
    name, wheel = runtime_wheel()
    version = name.split("-")[1]
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        metadata = archive.read(f"edgecomp_runtime-{version}.dist-info/METADATA").decode()
        assert f"Version: {version}\n" in metadata
        assert "numpy" in metadata
        tops = {one.split("/")[0] for one in archive.namelist()}
        assert tops == {"edgecomp_runtime", f"edgecomp_runtime-{version}.dist-info"}
        assert not [one for one in archive.namelist() if "__pycache__" in one or one.endswith(".pyc")]
    assert len(wheel) < 250_000  # it goes over every connection: run, measure, install, sign, stream


@pytest.mark.slow
def test_the_wheel_installs_and_runs_by_itself(tmp_path: Path) -> None:
    name, wheel = runtime_wheel()
    (tmp_path / name).write_bytes(wheel)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", tmp_path / name]
    subprocess.run(install, check=True, timeout=300)
    told = subprocess.run(
        [tmp_path / "venv" / "bin" / "edgecomp-runtime", "--help"], capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    assert "verify" in told.stdout
