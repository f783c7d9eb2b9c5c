"""What is kept in the cache folder is whole, whatever happens while it is made."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgecomp.cache import cache_folder, made_once
from edgecomp.errors import InputError


def _folder_of_two(path: Path) -> None:
    path.mkdir()
    (path / "first").write_text("1")
    (path / "second").write_text("2")


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    made = []

    def make(path: Path) -> None:
        made.append(path)
        _folder_of_two(path)

    for _ in range(2):
        assert made_once(tmp_path / "deep/thing", make) == tmp_path / "deep/thing"
    assert len(made) == 1
    assert sorted(path.name for path in (tmp_path / "deep/thing").iterdir()) == ["first", "second"]


def test_a_failure_half_way_leaves_nothing_that_passes_for_whole(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.mkdir()
        (path / "first").write_text("1")
        raise InputError("no network")

    with pytest.raises(InputError, match="no network"):
        made_once(tmp_path / "thing", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    made_once(tmp_path / "thing", _folder_of_two)
    assert (tmp_path / "thing/second").read_text() == "2"


MAKE_SLOWLY = """
import sys, time
from pathlib import Path
from edgecomp.cache import made_once

path, seconds = Path(sys.argv[1]), float(sys.argv[2])

def make(unfinished):
    with path.with_name("log").open("a") as log:
        log.write("made ")
    unfinished.mkdir()
    time.sleep(seconds)
    (unfinished / "whole").touch()

made_once(path, make)
assert (path / "whole").exists()
"""


def _make_elsewhere(path: Path, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", MAKE_SLOWLY, str(path), str(seconds)])


def test_what_a_killed_process_left_is_not_taken_for_whole(tmp_path: Path) -> None:
    process = _make_elsewhere(tmp_path / "thing", 600)
    while not (tmp_path / "thing.unfinished").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (tmp_path / "thing").exists()
    made_once(tmp_path / "thing", _folder_of_two)
    assert sorted(path.name for path in (tmp_path / "thing").iterdir()) == ["first", "second"]
    assert not (tmp_path / "thing.unfinished").exists()


def test_of_several_processes_one_makes_it(tmp_path: Path) -> None:
    processes = [_make_elsewhere(tmp_path / "thing", 0.3) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "made "


def test_a_cache_that_cannot_be_written_says_how_to_name_another(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="EDGECOMP_CACHE"):
        made_once(tmp_path / "file/thing", _folder_of_two)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGECOMP_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache/edgecomp"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/edgecomp"
    monkeypatch.setenv("EDGECOMP_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
