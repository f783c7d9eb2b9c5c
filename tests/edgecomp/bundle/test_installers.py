"""What installs a bundle with one command: a shell script and a Debian package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.read import read_manifest
from edgecomp_runtime.install.status import status

from edgecomp.bundle import BundleContents, Release
from edgecomp.bundle import pack_bundle as pack_without_runtime
from edgecomp.bundle.debian import debian_package, package_name
from edgecomp.bundle.formats import as_format
from edgecomp.bundle.install_sh import installer_script
from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.cli.bundle import command
from edgecomp.errors import InputError
from edgecomp.keys import SigningKey

from .test_pack import contents

__all__ = ["contents"]


def pack_bundle(contents: BundleContents, release: Release | None = None) -> bytes:
    """A bundle with the device package, as `edgecomp bundle --format` makes it."""
    return pack_without_runtime(contents, release, dict([runtime_wheel()]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def script(path: Path, made: bytes) -> Path:
    path.write_bytes(made)
    return path


def run(path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a person would on a board, where nothing of ours is installed."""
    python = path.with_name("python-without-packages")
    python.write_text(f'#!/bin/sh\nexport PYTHONPATH="{_only_numpy(path.parent)}"\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    return subprocess.run(
        ["sh", str(path), *arguments],
        env={**os.environ, "PYTHON": str(python), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _only_numpy(folder: Path) -> Path:
    """A folder with NumPy and an interpreter: what a board's bundle brings as wheels."""
    import ai_edge_litert
    import numpy as np

    packages = folder / "packages"
    packages.mkdir(exist_ok=True)
    for module in (np, ai_edge_litert):
        source = Path(str(module.__file__)).parent
        for one in (source, source.with_name(f"{source.name}.libs")):
            if one.exists() and not (packages / one.name).exists():
                (packages / one.name).symlink_to(one)
    return packages


def test_the_script_installs_what_follows_it(contents: BundleContents, home: Path, tmp_path: Path) -> None:
    made = as_format(pack_bundle(contents, Release(version=4)), "sh", None, allow_unsigned=True)
    ended = run(script(tmp_path / "conv-4.sh", made))
    assert ended.returncode == 0, ended.stderr
    assert "version 4 installed" in ended.stdout
    (found,) = status("conv")
    assert found.state is not None
    assert found.state.current.version == 4
    ended = subprocess.run(
        [home / "bin/edgecomp-python", "-c", "import edgecomp_runtime; print(edgecomp_runtime.__file__)"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.startswith(str(home / "python")), ended.stderr


def test_a_changed_byte_anywhere_in_the_bundle_stops_the_script(
    contents: BundleContents, home: Path, tmp_path: Path
) -> None:
    bundle = pack_bundle(contents)
    made = as_format(bundle, "sh", None, allow_unsigned=True)
    for place in (0, 10, len(bundle) // 2, len(bundle) - 1):
        changed = bytearray(made)
        changed[len(made) - len(bundle) + place] ^= 1
        ended = run(script(tmp_path / "changed.sh", bytes(changed)))
        assert (ended.returncode, ended.stdout) == (5, "")
        assert "is damaged; nothing of it was used" in ended.stderr
    for cut in (made[:-1], made[: -len(bundle)], made + b"\0"):
        assert run(script(tmp_path / "cut.sh", cut)).returncode == 5
    assert not home.exists()


def test_a_signed_script_needs_the_key_to_be_trusted(
    contents: BundleContents, home: Path, tmp_path: Path, key: SigningKey
) -> None:
    made = as_format(pack_bundle(contents, Release(sign=key)), "sh", key, allow_unsigned=False)
    path = script(tmp_path / "signed.sh", made)
    refused = run(path)
    assert refused.returncode == 5
    assert "does not trust" in refused.stderr
    (tmp_path / "release.pub").write_text(key.public.to_openssh())
    ended = run(path, "--trust", str(tmp_path / "release.pub"))
    assert ended.returncode == 0, ended.stderr
    assert key.public.fingerprint in ended.stdout


def test_an_unsigned_bundle_is_put_into_a_script_only_if_that_is_said(contents: BundleContents) -> None:
    for kind in ("sh", "deb"):
        with pytest.raises(InputError, match="--allow-unsigned"):
            as_format(pack_bundle(contents), kind, None, allow_unsigned=False)


def test_without_python_the_script_says_what_to_install(contents: BundleContents, tmp_path: Path) -> None:
    path = script(tmp_path / "x.sh", as_format(pack_bundle(contents), "sh", None, allow_unsigned=True))
    ended = subprocess.run(
        ["sh", str(path)], env={"PATH": "/nowhere"}, executable="/bin/sh", capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "install Python 3.9 or newer" in ended.stderr


@pytest.mark.parametrize("kind", ["sh", "deb"])
def test_the_same_bundle_gives_the_same_bytes(contents: BundleContents, kind: str, key: SigningKey) -> None:
    made = [as_format(pack_bundle(contents, Release(sign=key)), kind, key, allow_unsigned=False) for _ in range(2)]
    assert made[0] == made[1]


def test_the_command_writes_each_format(contents: BundleContents, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(pack_bundle(contents))
    for kind, start in (("zip", b"PK"), ("sh", b"#!/bin/sh"), ("deb", b"!<arch>\n")):
        out = tmp_path / f"out.{kind}"
        options = [str(tmp_path / "bundle.zip"), "--format", kind, "--allow-unsigned", "--out", str(out)]
        ended = CliRunner().invoke(command, options, catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
        assert out.read_bytes().startswith(start)


def deb(tmp_path: Path, contents: BundleContents, key: SigningKey, version: int = 3) -> Path:
    bundle = pack_bundle(contents, Release(version=version, sign=key))
    (tmp_path / "made.zip").write_bytes(bundle)
    path = tmp_path / "model.deb"
    path.write_bytes(debian_package(bundle, read_manifest(tmp_path / "made.zip"), key.public))
    return path


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is absent")
def test_debians_own_tool_reads_the_package(contents: BundleContents, tmp_path: Path, key: SigningKey) -> None:
    path = deb(tmp_path, contents, key)

    def ask(*arguments: str) -> str:
        return subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True, check=True).stdout

    fields = ask("--field", str(path))
    assert "Package: edgecomp-model-conv\nVersion: 3\nArchitecture: all\n" in fields
    assert "Depends: python3 (>= 3.9), python3-numpy, python3-cryptography | openssl | openssh-client\n" in fields
    ask("--extract", str(path), str(tmp_path / "out"))
    folder = tmp_path / "out/usr/share/edgecomp-model-conv"
    assert (folder / "signer.pub").read_text() == key.public.to_openssh()
    assert (folder / "install.sh").stat().st_mode & 0o777 == 0o644
    assert (folder / "install.sh").read_bytes().endswith((tmp_path / "made.zip").read_bytes())


@pytest.mark.skipif(shutil.which("dpkg") is None or os.geteuid() != 0, reason="dpkg is absent, or this is not root")
def test_dpkg_installs_upgrades_and_removes_the_model(
    contents: BundleContents, tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    for name in ("info", "updates"):
        (root / "var/lib/dpkg" / name).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    python = tmp_path / "bin/python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("PATH", f"{python.parent}:{os.environ['PATH']}")

    def dpkg(*arguments: Any) -> None:
        forces = ("--force-script-chrootless", "--force-depends")
        ended = subprocess.run(
            ["dpkg", f"--root={root}", *forces, "--log=/dev/null", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr

    monkeypatch.setenv("EDGECOMP_HOME", str(root / "var/lib/edgecomp"))
    dpkg("--install", deb(tmp_path, contents, key, version=3))
    dpkg("--install", deb(tmp_path, contents, key, version=4))
    (found,) = status()
    assert found.state is not None
    assert found.state.previous is not None
    assert (found.state.current.version, found.state.previous.version) == (4, 3)
    assert found.state.current.key == key.public.fingerprint
    dpkg("--remove", "edgecomp-model-conv")
    assert status() == []


@pytest.mark.parametrize(
    ("name", "package"),
    [("flowers", "edgecomp-model-flowers"), ("My_Net v2", "edgecomp-model-my-net-v2"), ("É", "edgecomp-model-unnamed")],
)
def test_packages_are_called_after_their_model(
    contents: BundleContents, tmp_path: Path, name: str, package: str
) -> None:
    (tmp_path / "made.zip").write_bytes(pack_bundle(replace(contents, name=name)))
    assert package_name(read_manifest(tmp_path / "made.zip")) == package


def test_the_text_of_the_script_holds_nothing_that_a_name_could_break(contents: BundleContents, tmp_path: Path) -> None:
    bundle = pack_bundle(replace(contents, name='x"; rm -rf $HOME\nEND_OF_PYTHON\n'))
    (tmp_path / "made.zip").write_bytes(bundle)
    made = installer_script(bundle, read_manifest(tmp_path / "made.zip"), allow_unsigned=True)
    lines = made[: -len(bundle)].decode().splitlines()
    assert lines.count("END_OF_PYTHON") == 1
    assert not any("$HOME" in line or '";' in line for line in lines)
    usual = installer_script(pack_bundle(contents), _manifest_of(contents, tmp_path), allow_unsigned=True)
    assert len(lines) == usual.count(b"\n", 0, usual.index(b"exit 1\n") + 7)


def _manifest_of(contents: BundleContents, folder: Path) -> Manifest:
    (folder / "usual.zip").write_bytes(pack_bundle(contents))
    return read_manifest(folder / "usual.zip")
