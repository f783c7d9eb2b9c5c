"""The wheel of the device package, as it is made without a build tool."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from edgecomp.bundle import runtime_wheel

INFO = "edgecomp_runtime-7.0.dist-info"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> zipfile.ZipFile:
    """Made of an installation with a licence."""
    files = {
        "METADATA": "Name: edgecomp-runtime\nVersion: 7.0\n",
        "licenses/LICENSE": "Take it.\n",
        "INSTALLER": "pip\n",
    }
    for name, text in files.items():
        (tmp_path / INFO / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / INFO / name).write_text(text)
    (tmp_path / INFO / "RECORD").write_text("".join(f"{INFO}/{name},,\n" for name in files))
    installed = PathDistribution(tmp_path / INFO)
    monkeypatch.setattr(runtime_wheel, "distribution", lambda _: installed)
    name, content = runtime_wheel.runtime_wheel.__wrapped__()
    assert name == "edgecomp_runtime-7.0-py3-none-any.whl"
    return zipfile.ZipFile(io.BytesIO(content))


def test_the_licence_goes_with_the_code(wheel):
    assert wheel.read(f"{INFO}/licenses/LICENSE") == b"Take it.\n"


def test_what_an_installer_left_stays_behind(wheel):
    assert f"{INFO}/INSTALLER" not in wheel.namelist()


def test_the_record_has_the_hash_of_every_file(wheel):
    lines = [line.split(",") for line in wheel.read(f"{INFO}/RECORD").decode().splitlines()]
    assert {name for name, *_ in lines} == set(wheel.namelist())
    for name, digest, size in lines:
        if name != f"{INFO}/RECORD":
            content = wheel.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={found}", len(content))
