"""`keys` and `bundle`, and `convert --sign`, up to a device that takes or refuses what they made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.bundle.read import read_bundle
from edgecomp_runtime.cli import main as edgecomp_runtime

Run = Callable[..., Any]


@pytest.fixture
def key(edgecomp: Run, tmp_path: Path) -> Path:
    ended = edgecomp("keys", "new", "--out", tmp_path / "keys")
    assert ended.code == 0, ended.stderr
    return tmp_path / "keys" / "signing.key"


@pytest.fixture
def result(corners: Any, edgecomp: Run, tmp_path: Path, key: Path) -> Path:
    out = tmp_path / "result"
    ended = edgecomp(
        *("convert", corners.model, "--target", "raspberry-pi-4b", "--data", corners.data, "--effort", "low"),
        *("--out", out, "--sign", key, "--version", "2"),
    )
    assert ended.code == 0, ended.stderr
    return out


def test_from_convert_to_a_device_that_trusts_the_key(
    result: Path, key: Path, edgecomp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "device"))
    bundle = str(result / "bundle.zip")
    assert read_bundle(bundle).manifest.version == 2
    assert edgecomp_runtime(["verify", bundle]) == 5
    assert edgecomp_runtime(["trust", "add", str(key.with_suffix(".pub"))]) == 0
    assert edgecomp_runtime(["verify", bundle]) == 0
    ended = edgecomp("bundle", result, "--out", tmp_path / "3.zip", "--version", "3", "--sign", key, "--json")
    assert ended.code == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["sha256"] == hashlib.sha256((tmp_path / "3.zip").read_bytes()).hexdigest()
    assert (told["version"], told["key"]) == (3, read_bundle(bundle).manifest.key)
    assert edgecomp_runtime(["verify", told["path"]]) == 0


def test_a_key_that_cannot_be_used_is_told_before_anything_is_converted(
    corners: Any, edgecomp: Run, tmp_path: Path
) -> None:
    ended = edgecomp(
        *("convert", corners.model, "--target", "raspberry-pi-4b", "--data", corners.data),
        *("--out", tmp_path / "out", "--sign", tmp_path / "none.key"),
    )
    assert ended.code == 2
    assert "none.key" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_a_signature_that_is_lost_is_told(result: Path, edgecomp: Run, tmp_path: Path) -> None:
    ended = edgecomp("bundle", result / "bundle.zip", "--out", tmp_path / "plain.zip")
    assert ended.code == 0
    assert "is not signed" in ended.stderr
    assert "version 2, not signed" in ended.stdout


def test_a_new_key_is_handed_over_by_the_old_one(
    result: Path, key: Path, edgecomp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "device"))
    assert edgecomp_runtime(["trust", "add", str(key.with_suffix(".pub"))]) == 0
    assert edgecomp("keys", "new", "--out", key.parent, "--name", "next").code == 0
    new, word = key.with_name("next.key"), tmp_path / "next.endorsement"
    assert edgecomp("keys", "endorse", new.with_suffix(".pub"), "--sign", key, "--out", word).code == 0
    signing = ("bundle", result, "--sign", new)
    assert edgecomp(*signing, "--out", tmp_path / "bare.zip").code == 0
    assert edgecomp(*signing, "--endorsement", word, "--out", tmp_path / "endorsed.zip").code == 0
    assert edgecomp_runtime(["verify", str(tmp_path / "bare.zip")]) == 5
    assert edgecomp_runtime(["verify", str(tmp_path / "endorsed.zip")]) == 0
    shown = json.loads(edgecomp("keys", "show", tmp_path / "endorsed.zip", "--json").stdout)
    assert shown["endorsed_by"] == json.loads(word.read_text())["by"]
    assert edgecomp_runtime(["trust", "add", str(word)]) == 0
    assert edgecomp_runtime(["verify", str(tmp_path / "bare.zip")]) == 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("bundle", "none.zip", "--out", "x.zip"), "no such file"),
        (("bundle", "none.zip"), "--out"),
        (("bundle", "none.zip", "--out", "x.zip", "--version", "-1"), "--version"),
        (("bundle", "none.zip", "--out", "no/such/x.zip"), "nothing can be written"),
        (("keys", "show", "none.pub"), "cannot be read"),
        (("keys", "endorse", "none.pub", "--sign", "none.key", "--out", "x"), "none.key"),
    ],
)
def test_bad_input_ends_with_code_2_and_writes_nothing(
    arguments: tuple[str, ...], part: str, edgecomp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = edgecomp(*arguments)
    assert ended.code == 2
    assert part in ended.stderr
    assert list(tmp_path.iterdir()) == []
