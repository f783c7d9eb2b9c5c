"""What the page consists of, and what it refuses to show."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from edgecomp.errors import InputError, IntegrityError
from edgecomp.phone import litert_js
from edgecomp.phone.checks import require_known_operators
from edgecomp.phone.model_data import read_model_data
from edgecomp.phone.site import page_files
from edgecomp.tflite.model import Operator, Subgraph, TfliteModel

from ...browser.phone_bundles import convolution, write_bundle

MOST_PAGE_BYTES = 300_000


def test_the_page_is_light() -> None:
    assert sum(map(len, page_files().values())) < MOST_PAGE_BYTES / 4


def test_the_page_and_its_runtime_are_light_without_wasm() -> None:
    folder = litert_js.installed()
    if folder is None:
        pytest.skip("LiteRT.js is not installed: edgecomp phone --install")
    loaded = ("index.js", "wasm_utils.js", "wasm/litert_wasm_threaded_internal.js")
    scripts = [(folder / name).read_bytes() for name in loaded]
    assert sum(len(gzip.compress(one)) for one in (*page_files().values(), *scripts)) < MOST_PAGE_BYTES


def test_no_file_of_the_page_names_another_host() -> None:
    allowed = ("http://www.w3.org/2000/svg",)
    for name, data in page_files().items():
        found = [one for one in re.findall(r"https?://[^\s\"'<>)]+", data.decode()) if one not in allowed]
        assert found == [], name


def test_every_module_that_is_imported_is_there() -> None:
    files = page_files()
    for name, data in files.items():
        for module in re.findall(r'from "\./([\w.]+)"', data.decode()):
            assert f"js/{module}" in files, name


def test_a_bundle_is_taken_apart_for_the_browser(tmp_path: Path) -> None:
    data = read_model_data(write_bundle(tmp_path / "bundle.zip", convolution()))
    assert data.about["inputs"][0]["dtype"] == "float32"
    golden = data.about["golden"]
    assert golden["samples"] == 4
    (inputs,) = golden["inputs"]
    assert inputs["bytes"] == 4 * 24 * 32 * 3 * 4
    assert golden["outputs"][0]["offset"] % 8 == 0
    json.dumps(data.about, allow_nan=False)


def test_int8_edges_are_refused_with_the_way_out(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=True))
    with pytest.raises(
        InputError, match=r"input .* is int8, and LiteRT\.js takes only .*--target browser, or with --io"
    ):
        read_model_data(bundle)


def test_an_operator_that_browsers_lack_is_refused_by_its_name() -> None:
    operator = Operator(0, "FlexErf", (0,), (1,), custom=True)
    model = TfliteModel(0, (Subgraph(0, "main", (), (operator,), (), ()),))
    with pytest.raises(InputError, match=r"model\.zip: the browser lacks the operator\(s\) FlexErf"):
        require_known_operators(model, "model.zip")


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no bundle"):
        read_model_data(tmp_path / "nothing.zip")
    (tmp_path / "model.tflite").write_bytes(convolution())
    with pytest.raises(InputError, match="is no bundle"):
        read_model_data(tmp_path / "model.tflite")


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution())
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(IntegrityError):
        read_model_data(bundle)


def test_another_archive_than_the_one_that_was_checked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\nfor last; do :; done\necho something else > "$last/package.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("EDGECOMP_CACHE", str(tmp_path / "cache"))
    with pytest.raises(IntegrityError, match="its SHA-512 is another"):
        litert_js.install()
    assert litert_js.installed() is None


def test_without_npm_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EDGECOMP_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match="needs npm"):
        litert_js.install()
    with pytest.raises(InputError, match="edgecomp phone --install"):
        litert_js.require_installed()
