"""A disk that is full or read-only at any step: the old model stays, and the message says why."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from edgecomp_runtime import InputError, Model, storage
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status

from .faults import WRITING, failing_from, watched

UNSIGNED = Options(allow_unsigned=True)


def version() -> int:
    bundle = Model.load("installed:photo").bundle
    assert bundle is not None
    return bundle.manifest.version


def failure_of(act: Callable[[], object], number: int, code: int) -> str:
    """What it says on a disk that fails from a step on; nothing where that step is never reached."""
    try:
        with watched(failing_from(number, code), WRITING):
            act()
    except InputError as error:
        return str(error)
    return ""


def fails_at_each_step(home: Path, act: Callable[[], object], code: int) -> int:
    """Runs `act` on a disk that fails from each step on; returns how many steps there are."""
    template = home.with_name("template")
    shutil.copytree(home, template)
    number = 0
    while True:
        number += 1
        shutil.rmtree(home)
        shutil.copytree(template, home)
        error = failure_of(act, number, code)
        if error:
            assert os.strerror(code) in error
            assert "what is installed still works" in error
            # Where only the very last flush fails, the new one is current, and what was before is kept to be safe.
            switched = version() == 2
            (found,) = status()
            assert not found.damage
            assert not found.previous_damage
            assert not (home / "installed/incoming.zip").exists()
            assert switched or version() == 1
            assert len(list((home / "installed/photo").iterdir())) in (3, 3 + switched)
        else:
            assert version() == 2
            return number - 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
def test_a_disk_that_fails_at_any_step_leaves_a_whole_model(
    memory_home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    for path in versions[:2]:
        install(path, UNSIGNED)
    monkeypatch.setattr(storage, "_BLOCK_BYTES", 1000)
    assert fails_at_each_step(memory_home, lambda: install(versions[2], UNSIGNED), code) > 15


def test_a_rollback_on_a_full_disk_leaves_a_whole_model(memory_home: Path, versions: list[Path]) -> None:
    for path in (versions[2], versions[1]):
        install(path, Options(allow_unsigned=True, allow_downgrade=True))
    assert fails_at_each_step(memory_home, lambda: rollback("photo"), errno.ENOSPC) > 5


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[[str], None]:
    """Mounts a small file system in memory at the home for models, with options."""
    folder = tmp_path / "home"
    folder.mkdir()
    made = []

    def mount(options: str) -> None:
        ended = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if ended.returncode:
            pytest.skip("mounting takes root")
        made.append(folder)

    yield mount  # type: ignore[misc]
    for one in made:
        subprocess.run(["umount", str(one)], check=False)


def test_a_really_full_disk_refuses_the_update_and_keeps_the_model(
    mounted: Callable[[str], None], home: Path, versions: list[Path], tmp_path: Path
) -> None:
    mounted(f"size={8 * os.statvfs(tmp_path).f_bsize // 1024 + 40}k")
    install(versions[0], UNSIGNED)
    with pytest.raises(OSError, match="No space"):
        (home / "filler").write_bytes(bytes(2**24))
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        install(versions[1], UNSIGNED)
    assert version() == 0
    (home / "filler").unlink()
    install(versions[1], UNSIGNED)
    assert version() == 1


def test_on_a_read_only_disk_the_model_runs_and_updates_are_refused(
    mounted: Callable[[str], None], home: Path, versions: list[Path]
) -> None:
    mounted("size=4m")
    install(versions[0], UNSIGNED)
    subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
    assert version() == 0
    assert not status()[0].damage
    with pytest.raises(InputError, match="Read-only file system"):
        install(versions[1], UNSIGNED)
    assert version() == 0
