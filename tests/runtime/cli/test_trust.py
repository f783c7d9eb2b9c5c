"""`edgecomp-runtime trust`: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from edgecomp_runtime.bundle.public_key import PublicKey
from edgecomp_runtime.cli import main

KEY = PublicKey(bytes(range(32)), "factory")


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "device"))
    path = tmp_path / "factory.pub"
    path.write_text(KEY.to_openssh())
    return str(path)


def test_a_key_is_added_listed_revoked_and_brought_back(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "list"]) == 0
    assert "no key is trusted here" in capsys.readouterr().out
    assert main(["trust", "add", key]) == 0
    assert main(["trust", "list"]) == 0
    assert f"trusted  {KEY.fingerprint} factory" in capsys.readouterr().out
    assert main(["trust", "revoke", KEY.fingerprint]) == 0
    assert main(["trust", "add", key]) == 2
    assert "--despite-revocation" in capsys.readouterr().err
    assert main(["trust", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["trusted"], listed["revoked"]) == ({}, {KEY.fingerprint: "factory"})
    assert main(["trust", "add", key, "--despite-revocation"]) == 0
    assert main(["trust", "revoke", key]) == 0


@pytest.mark.parametrize("action", ["add", "revoke"])
def test_what_is_no_key_ends_with_code_2(
    action: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.pub").write_text("hello")
    for name in ("text.pub", "none.pub"):
        assert main(["trust", action, str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err


def test_an_endorsement_that_is_none_ends_with_code_2(key: str, tmp_path: Path) -> None:
    (tmp_path / "word").write_text('{"key": 1}')
    assert main(["trust", "add", str(tmp_path / "word")]) == 2


def test_trust_without_an_action_is_bad_usage(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["trust"])
    assert ended.value.code == 2
