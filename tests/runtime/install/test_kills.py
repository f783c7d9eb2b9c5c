"""kill -9 at every step: afterwards there is a whole, working model, and the next installation succeeds."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.install.installing import Options, install

Write = Callable[..., Path]
Files = tuple[dict[str, bytes], Contract]

UNSIGNED = Options(allow_unsigned=True)


def kills(home: Path, bundle: Path, operation: str) -> list[dict[str, Any]]:
    """What was there after each kill; the last one came too late and everything went through."""
    script = Path(__file__).with_name("killed_installer.py")
    ended = subprocess.run(
        [sys.executable, str(script), str(home), str(bundle), operation], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def check(found: list[dict[str, Any]], old: int, new: int) -> None:
    assert [one["finished"] for one in found] == [False] * (len(found) - 1) + [True]
    assert all(one["verified"] and one["whole"] for one in found)
    shown = [one["version"] for one in found]
    assert set(shown) == {old, new}
    assert shown == sorted(shown, reverse=old > new), "once switched, it stays"
    assert all(one["again"] == {"version": 2, "verified": True, "whole": True} for one in found)
    assert all(one["files"] == 4 for one in found), "the folder, the pointer and two bundles; no garbage"


def test_killed_anywhere_an_installation_leaves_the_old_model_or_the_new(
    memory_home: Path, versions: list[Path]
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    found = kills(memory_home, versions[2], "install")
    assert len(found) > 50
    check(found, old=1, new=2)


def test_killed_anywhere_a_rollback_leaves_one_of_the_two(memory_home: Path, versions: list[Path]) -> None:
    for path in (versions[0], versions[2]):
        install(path, UNSIGNED)
    check(kills(memory_home, versions[2], "rollback"), old=2, new=0)


def test_killed_anywhere_an_installation_with_packages_leaves_the_old_ones_or_the_new(
    memory_home: Path, write_bundle: Write, bundle_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    content = {age: {f"{name}.py": f"# {age}" * 20 for name in ("one", "two")} for age in ("old", "new")}
    made = []
    for version, age in enumerate(("old", "new"), start=1):
        files = {**bundle_files[0], "wheels/tools-1-py3-none-any.whl": wheel(content[age])}
        path = write_bundle(files=files, changes={"version": version})
        made.append(shutil.move(path, tmp_path / f"{age}.zip"))
    for path in (write_bundle(), made[0]):
        install(Path(path), Options(allow_unsigned=True, with_wheels=True))
    found = kills(memory_home, Path(made[1]), "wheels")
    assert len(found) > 50
    check(found, old=1, new=2)
    shown = [one["packages"] for one in found]
    assert all(len(one) == 2 and all(each in content.values() for each in one) for one in shown), "never half of them"
    assert shown[0] == [content["old"]] * 2
    assert shown[-1] == [content["new"]] * 2
    assert [content["new"], content["old"]] in shown, "the two commands are written one after the other"
    assert all(one["packages_again"] == [content["new"]] * 2 for one in found)
    assert {one["folders"] for one in found} <= {1, 2}, "those of now, and those that may still be in use"


def wheel(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def test_an_installation_that_was_killed_can_be_repeated_though_it_was_the_first(
    home: Path, versions: list[Path], tmp_path: Path
) -> None:
    code = "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import faults\n"
    code += "from edgecomp_runtime.install.installing import Options, install\n"
    code += "with faults.watched(faults.killed_at(int(sys.argv[3]))): install(Path(sys.argv[2]), "
    code += "Options(allow_unsigned=True))"
    for number in (8, 14):
        arguments = [str(Path(__file__).parent), str(versions[0]), str(number)]
        assert subprocess.run([sys.executable, "-c", code, *arguments], check=False).returncode == -9
    assert install(versions[0], UNSIGNED).state.current.version == 0
    assert sorted(path.suffix for path in (home / "installed/photo").iterdir()) == [".json", ".zip"]


@pytest.mark.parametrize("path", ["installed/incoming.zip", "installed/photo/state.json.new", "installed/photo/x.zip"])
def test_what_a_killed_installation_left_is_removed_by_the_next(home: Path, versions: list[Path], path: str) -> None:
    install(versions[0], UNSIGNED)
    (home / path).write_bytes(b"half")
    install(versions[1], UNSIGNED)
    assert not (home / path).exists()
