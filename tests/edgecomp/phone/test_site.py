"""What the page consists of, and what it refuses to show."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from edgecomp_runtime.model import Model
from edgecomp_runtime.tensors import Tensor

from edgecomp.errors import InputError, IntegrityError
from edgecomp.phone import litert_js
from edgecomp.phone.checks import require_known_edges, require_known_operators
from edgecomp.phone.model_data import read_model_data
from edgecomp.phone.site import packed_files, page_files
from edgecomp.tflite.model import Operator, Subgraph, TfliteModel

from ...browser.phone_bundles import SHAPE, convolution, write_bundle

MOST_PAGE_BYTES = 300_000


def test_the_page_is_light() -> None:
    assert sum(map(len, page_files().values())) < MOST_PAGE_BYTES / 4


def litert() -> Path:
    """The folder with LiteRT.js; skips where it is not installed."""
    folder = litert_js.installed()
    if folder is None:
        pytest.skip("LiteRT.js is not installed: edgecomp phone --install")
    return folder


@pytest.mark.parametrize("build", litert_js.BUILDS)
def test_the_page_and_its_runtime_are_light_without_wasm_even_unpacked(build: str) -> None:
    loaded = ("index.js", "wasm_utils.js", f"wasm/{build}.js")
    scripts = [(litert() / name).read_bytes() for name in loaded]
    assert sum(map(len, (*page_files().values(), *scripts))) < MOST_PAGE_BYTES
    assert sum(len(gzip.compress(one)) for one in (*page_files().values(), *scripts)) < MOST_PAGE_BYTES / 3


def test_what_is_compressed_in_advance_is_what_is_served() -> None:
    packed = packed_files(litert())
    assert len(packed) == len(litert_js.BUILDS)
    for name, data in packed.items():
        assert gzip.decompress(data) == (litert() / name.removeprefix("litert/")).read_bytes()
        assert len(data) < 0.5 * len(gzip.decompress(data))


def test_every_module_is_asked_for_at_once() -> None:
    files = page_files()
    asked = set(re.findall(r'rel="modulepreload" href="([^"]+)"', files["index.html"].decode()))
    assert asked == {one for one in files if one.endswith(".js") and one != "js/main.js"} | {
        "litert/index.js",
        "litert/wasm_utils.js",
    }


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


def test_int8_edges_get_floats_around_them(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=True))
    data, opened = read_model_data(bundle), Model.load(bundle)
    assert data.about["wrapped"] is True
    assert [one["dtype"] for one in (*data.about["inputs"], *data.about["outputs"])] == ["float32", "float32"]
    served = Model.load(data.model)
    assert [one.stored_dtype for one in (*served.inputs, *served.outputs)] == ["float32", "float32"]
    assert data.about["golden"]["steps"] == [opened.outputs[0].scale]
    arrays = {}
    for side in ("inputs", "outputs"):
        (entry,) = data.about["golden"][side]
        raw = data.golden[entry["offset"] : entry["offset"] + entry["bytes"]]
        arrays[side] = np.frombuffer(raw, entry["dtype"]).reshape(4, -1)
    for given, wanted in zip(arrays["inputs"], arrays["outputs"], strict=True):
        found = served.run_stored([given.reshape(1, *SHAPE)])[0]
        np.testing.assert_array_equal(found.ravel(), wanted)


def test_edges_that_nothing_can_be_put_around_are_refused() -> None:
    tensor = Tensor("ids", (1, 4), "int64", "int64", 0.0, 0, 0)
    loaded = SimpleNamespace(inputs=(tensor,), outputs=())
    with pytest.raises(InputError, match=r"input ids is int64, and LiteRT\.js takes only .*--target browser, or with"):
        require_known_edges(loaded, "model.zip")  # type: ignore[arg-type]


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


def test_a_node_that_cannot_minify_is_told_and_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        wasm = [f"wasm/{build}.{ending}" for build in litert_js.BUILDS for ending in ("js", "wasm")]
        for name in ("dist/index.js", *wasm, "bin/esbuild", "esbuild.wasm", "wasm_exec.js", "wasm_exec_node.js"):
            entry = tarfile.TarInfo(f"package/{name}")
            content = b'from "@litertjs/wasm-utils"'
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho too old >&2; exit 1\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("EDGECOMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(litert_js, "_fetch", lambda package: packed.getvalue())
    with pytest.raises(InputError, match=r"cannot be minified with this Node\.js \(too old\); install a newer one"):
        litert_js.install()
    assert litert_js.installed() is None
