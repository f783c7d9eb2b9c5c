"""Exports for apps: metadata that others read, classes that hold the contract, folders that are whole or not there."""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.model import Model

from edgecomp.app_export.embed import with_metadata
from edgecomp.app_export.render import app_files, plain_name
from edgecomp.app_export.source import AppSource, read_app_source
from edgecomp.app_export.web import web_files
from edgecomp.errors import InputError
from edgecomp.phone import litert_js
from edgecomp.tflite.reader import read_tflite

from ...browser.phone_bundles import LABELS, SHAPE, convolution, write_bundle

READER = "tflite-support==0.4.4"
READ = """
import sys
sys.modules["tensorflow"] = None  # it would be imported for nothing, and takes seconds
sys.path.insert(0, sys.argv[1])
from tensorflow_lite_support.metadata.python import metadata
shown = metadata.MetadataDisplayer.with_model_file(sys.argv[2])
print(shown.get_metadata_json())
print(shown.get_associated_file_buffer("labels.txt").decode(), file=sys.stderr)
"""


@pytest.fixture(scope="module", params=[False, True], ids=["float edges", "int8 edges"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AppSource:
    folder = tmp_path_factory.mktemp("bundle")
    return read_app_source(write_bundle(folder / "bundle.zip", convolution(int8_edges=request.param)))


def test_the_model_with_metadata_computes_what_it_did(source: AppSource) -> None:
    before, after = Model.load(source.model), Model.load(with_metadata(source))
    random = np.random.default_rng(1)
    for _ in range(5):
        values = before.inputs[0].encode(random.random((1, *SHAPE), np.float32))
        np.testing.assert_array_equal(before.run_stored([values])[0], after.run_stored([values])[0])


def test_metadata_and_labels_are_in_the_file(source: AppSource) -> None:
    data = with_metadata(source)
    found = read_tflite(data).metadata["TFLITE_METADATA"]
    assert found[4:8] == b"M001"
    assert found.count(struct.pack("<f", source.input.std[0])) >= 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(LABELS)
    assert with_metadata(source) == data  # the same on any day


def test_metadata_is_written_once(source: AppSource) -> None:
    again = with_metadata(AppSource(**{**source.__dict__, "model": with_metadata(source)}))
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert archive.namelist() == ["labels.txt"]


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the usual reader's metadata package; it alone, since its other parts want old libraries."""
    folder = tmp_path_factory.mktemp("reader")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, READER]
    fetched = subprocess.run(command, capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"{READER} is not to be had for this Python: {fetched.stderr[-200:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        wanted = ("tensorflow_lite_support/__init__.py", "tensorflow_lite_support/metadata/")
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])
    return folder


def test_the_usual_reader_finds_normalization_labels_and_size(source: AppSource, reader: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(with_metadata(source))
    done = subprocess.run([sys.executable, "-c", READ, reader, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    graph = json.loads(done.stdout)["subgraph_metadata"][0]
    (photo,), (scores,) = graph["input_tensor_metadata"], graph["output_tensor_metadata"]
    assert photo["content"]["content_properties"] == {
        "color_space": "RGB",
        "default_size": {"width": SHAPE[1], "height": SHAPE[0]},
    }
    assert photo["process_units"][0]["options"] == {"mean": [0.0], "std": [255.0]}
    assert photo["stats"] == {"max": [1.0], "min": [0.0]}
    assert scores["associated_files"][0]["type"] == "TENSOR_AXIS_LABELS"
    assert all(label in done.stderr for label in LABELS)


@pytest.mark.parametrize("platform", ["android", "ios"])
def test_an_export_has_everything_and_no_gaps(source: AppSource, platform: str) -> None:
    files = app_files(source, platform)
    ending = {"android": "kt", "ios": "swift"}[platform]
    assert set(files) == {
        "animals.tflite", "labels.txt", "README.md", f"Classifier.{ending}", f"Preprocessing.{ending}"
    }  # fmt: skip
    code = files[f"Classifier.{ending}"].decode() + files[f"Preprocessing.{ending}"].decode()
    assert "{{" not in code
    assert "{%" not in code
    for open_one, close_one in ("()", "{}", "[]"):
        assert code.count(open_one) == code.count(close_one)
    stored = source.input_tensor.stored_dtype
    assert ("ZERO_POINT" in code or "toNearestOrEven" in code) == (stored == "int8")
    versions = re.findall(r"litert:litert:([\d.]+)|TensorFlowLiteSwift', '([\d.]+)'", files["README.md"].decode())
    assert len(versions) == 1


@pytest.mark.parametrize(
    ("name", "plain"), [("Digits", "digits"), ("3 d", "model_3_d"), ("../x", "x"), ("ü", "model"), ("a-b.c", "a_b_c")]
)
def test_names_are_made_safe_for_packages_and_files(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_model_without_photos_is_refused(tmp_path: Path) -> None:
    from edgecomp.bundle.pack import BundleContents, Goldens, pack_bundle

    tflite = convolution()
    model = Model.load(tflite)
    contract = replace(model.contract, inputs=(replace(model.contract.inputs[0], image=None),))
    stored = np.zeros((1, *SHAPE), np.float32)
    goldens = Goldens((stored,), (model.run_stored([stored])[0],), 1)
    verified = {"engine": "ai_edge_litert", "version": "2.3.0", "machine": "x86_64", "xnnpack": True}
    measured: dict[str, Any] = {"latency_ms": None, "metric": None}
    contents = BundleContents("numbers", "browser", "int8", "float", tflite, contract, goldens, verified, measured)
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack_bundle(contents))
    with pytest.raises(InputError, match="take one photo and tell classes"):
        read_app_source(path)


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no bundle"):
        read_app_source(tmp_path / "none.zip")


def test_the_page_for_web_hosts_is_whole(tmp_path: Path) -> None:
    folder = litert_js.installed()
    if folder is None:
        pytest.skip("LiteRT.js is not installed: edgecomp phone --install")
    files = web_files(write_bundle(tmp_path / "bundle.zip", convolution()), folder)
    assert json.loads(files["model/model.json"])["takes_results"] is False
    assert b"Cross-Origin-Embedder-Policy: require-corp" in files["_headers"]
    assert b"Apache License" in files["litert/NOTICE.txt"]
    assert {"index.html", "js/main.js", "litert/index.js", "model/model.tflite", "README.md"} <= set(files)


def test_an_export_never_replaces_a_folder_unasked(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution())
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    command = [sys.executable, "-m", "edgecomp.cli.main", "export", "android", str(bundle), "--out", str(out)]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    assert [one.name for one in out.iterdir()] == ["mine.txt"]
    assert subprocess.run([*command, "--force"], capture_output=True).returncode == 0
    assert "animals.tflite" in {one.name for one in out.iterdir()}
