"""The same bundle is the same bytes, whoever makes it, and nothing is sealed that a device would refuse."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.bundle.read import read_bundle, read_files

from edgecomp.bundle.seal import Release, seal
from edgecomp.errors import InputError
from edgecomp.keys import SigningKey, endorse, new_key, open_key

Described = dict[str, Any]
Files = dict[str, bytes]


def test_the_order_of_files_and_keys_does_not_matter(described: Described, files: Files, key: SigningKey) -> None:
    backwards = dict(reversed(described.items())), dict(reversed(files.items()))
    release = Release(version=2, sign=key)
    assert seal(described, files, release) == seal(*backwards, release)


def test_the_day_does_not_matter(
    described: Described, files: Files, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Release(version=2, sign=key)
    today = seal(described, files, release)
    later = time.time() + 400 * 86400
    for name in ("time", "time_ns"):
        monkeypatch.setattr(time, name, lambda factor=1e9 if name == "time_ns" else 1: int(later * factor))
    assert seal(described, files, release) == today


def test_the_command_gives_the_same_bytes_in_another_folder_time_zone_and_hash_seed(
    described: Described, files: Files, key: SigningKey, tmp_path: Path
) -> None:
    private = new_key(tmp_path / "keys")[0]
    made = []
    for place, zone, seed in (("here", "UTC", "1"), ("there/below", "Pacific/Auckland", "2")):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        (folder / "in.zip").write_bytes(seal(described, files, Release()))
        os.utime(folder / "in.zip", (int(seed) * 10**8,) * 2)
        command = [sys.executable, "-m", "edgecomp.cli.main", "bundle", "in.zip", "--version", "7", "--sign", private]
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed}
        subprocess.run([*command, "--out", "out.zip"], check=True, cwd=folder, env=environment, capture_output=True)
        made.append(hashlib.sha256((folder / "out.zip").read_bytes()).hexdigest())
    assert made[0] == made[1]


def test_a_release_is_written_into_the_manifest(
    described: Described, files: Files, key: SigningKey, tmp_path: Path
) -> None:
    new = open_key(new_key(tmp_path, "new")[0])
    release = Release(version=5, latency_limit_ms=12.5, sign=new, endorsement=endorse(new.public, key))
    (tmp_path / "bundle.zip").write_bytes(seal(described, files, release))
    bundle = read_bundle(tmp_path / "bundle.zip")
    manifest = bundle.manifest
    assert (manifest.version, manifest.latency_limit_ms, manifest.key) == (5, 12.5, new.public.fingerprint)
    assert manifest.endorsement is not None
    assert manifest.endorsement["by"] == key.public.fingerprint
    assert bundle.signature is not None
    assert len(bundle.signature) == 64


@pytest.mark.parametrize(
    ("release", "reason"),
    [({"version": -1}, "version"), ({"version": 2**53}, "version"), ({"latency_limit_ms": 0.0}, "latency")],
)
def test_a_release_that_cannot_be_is_refused(release: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Release(**release)


def test_an_endorsement_of_another_key_is_refused(key: SigningKey, tmp_path: Path) -> None:
    new = open_key(new_key(tmp_path, "new")[0])
    for sign in (key, None):
        with pytest.raises(InputError, match="not of the key that signs"):
            Release(sign=sign, endorsement=endorse(new.public, key))


@pytest.mark.parametrize("name", ["../out", "/abs", "MODEL.tflite", "manifest.json", "model.tflite/x", "a b", "é"])
def test_a_name_that_no_device_takes_is_not_sealed(name: str, described: Described, files: Files) -> None:
    with pytest.raises(InputError, match="cannot be a bundle"):
        seal(described, {**files, name: b"?"}, Release())


def test_too_many_files_are_not_sealed(described: Described, files: Files) -> None:
    with pytest.raises(InputError, match="62 files"):
        seal(described, {**files, **{f"f{index}": b"" for index in range(60)}}, Release())


def test_what_would_look_like_a_bomb_is_stored_as_it_is(described: Described, files: Files, tmp_path: Path) -> None:
    zeros = {**files, "zeros": bytes(2**24 + 1)}
    path = tmp_path / "bundle.zip"
    path.write_bytes(seal(described, zeros, Release()))
    assert path.stat().st_size > 2**24
    assert read_files(path) == zeros
