"""A bundle is made anew from one that exists, also from those of before there were signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from edgecomp_runtime.bundle.read import read_bundle, read_files

from edgecomp.bundle import open_packed, repack
from edgecomp.bundle.archive import zip_bytes
from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.bundle.seal import Release, seal
from edgecomp.cli.bundle import command
from edgecomp.errors import InputError, IntegrityError
from edgecomp.keys import SigningKey


@pytest.fixture
def old(described: dict[str, Any], files: dict[str, bytes], tmp_path: Path) -> Path:
    """A bundle as they were before the layout: a deflated manifest, and `signature` in it."""
    import hashlib

    listed = {n: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for n, data in files.items()}
    manifest = json.dumps({**described, "files": listed, "signature": None}).encode()
    path = tmp_path / "old.zip"
    path.write_bytes(zip_bytes({"manifest.json": manifest, **files}))
    return path


def test_an_old_bundle_still_opens_and_can_be_signed(
    old: Path, described: dict[str, Any], files: dict[str, bytes], key: SigningKey
) -> None:
    before = read_bundle(old)
    assert (before.manifest.canonical, before.manifest.version, before.manifest.key) == (False, 0, None)
    made = repack(open_packed(old), Release(version=1, sign=key))
    assert made == seal(described, files, Release(version=1, sign=key))
    old.write_bytes(made)
    after = read_bundle(old)
    assert after.model == before.model
    assert after.manifest.contract == before.manifest.contract


def test_repacking_changes_nothing_but_the_release(old: Path, key: SigningKey) -> None:
    signed = repack(open_packed(old), Release(version=4, latency_limit_ms=3.0, sign=key))
    plain = repack(open_packed(old), Release())
    old.write_bytes(signed)
    assert repack(open_packed(old), Release()) == plain
    assert repack(open_packed(old), Release(version=4, latency_limit_ms=3.0, sign=key)) == signed


def test_files_can_be_put_in(old: Path, files: dict[str, bytes]) -> None:
    old.write_bytes(repack(open_packed(old), Release(), {"wheels/more.whl": b"wheel", "model.tflite": b"new"}))
    assert read_files(old) == {**files, "wheels/more.whl": b"wheel", "model.tflite": b"new"}


def test_keys_of_the_manifest_that_nobody_knows_are_kept(
    described: dict[str, Any], files: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(seal({**described, "owner": "somebody"}, files, Release()))
    path.write_bytes(repack(open_packed(path), Release(version=2)))
    assert json.loads(read_bundle(path).manifest_bytes)["owner"] == "somebody"


def test_a_folder_of_results_will_do(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    old.rename(folder / "bundle.zip")
    assert open_packed(folder).manifest.name == "tiny"


def test_what_is_no_bundle_or_damaged_is_told(old: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_packed(tmp_path / "none.zip")
    with pytest.raises(InputError, match="not a bundle"):
        open_packed(tmp_path)
    old.write_bytes(old.read_bytes()[:-40])
    with pytest.raises(IntegrityError):
        open_packed(old)


def test_the_device_package_is_put_in_when_that_is_asked_for(
    old: Path, files: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "with.zip"
    told = CliRunner().invoke(command, [str(old), "--with-runtime", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert read_files(out) == {**files, **dict([runtime_wheel()])}
