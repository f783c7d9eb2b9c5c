"""Results appear in one step or not at all, and never over somebody's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.output import check_free, publish, publish_aside, staged, writing_to


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_folder_that_ends_well_appears_with_its_files(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    with staged(out, force=False) as stage:
        (stage / "model.tflite").write_text("model")
        assert not out.exists()
        assert stage.parent == out.parent
    assert names(tmp_path) == {"a", "a/b", "a/b/model.tflite"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
@pytest.mark.parametrize("before", ["nothing", "empty folder", "somebody's folder"])
def test_whatever_goes_wrong_leaves_everything_as_it_was(
    error: type[BaseException], before: str, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out" if before == "nothing" else tmp_path / "out"
    if before != "nothing":
        out.mkdir()
    if before == "somebody's folder":
        (out / "mine.txt").write_text("mine")
    was = names(tmp_path)

    def fail() -> None:
        with staged(out, force=True) as stage:
            (stage / "model.tflite").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == was


def test_parents_that_somebody_else_began_to_use_are_kept(tmp_path: Path) -> None:
    def fail() -> None:
        with staged(tmp_path / "a" / "b" / "out", force=False):
            (tmp_path / "a" / "theirs.txt").write_text("theirs")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == {"a", "a/theirs.txt"}


def test_force_replaces_the_whole_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.txt").write_text("old")
    with staged(out, force=True) as stage:
        (stage / "new.txt").write_text("new")
        assert (out / "old.txt").read_text() == "old"
    assert names(tmp_path) == {"out", "out/new.txt"}


def test_without_force_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"not empty.*--force"), staged(tmp_path, force=False):
        pass
    assert names(tmp_path) == {"mine.txt"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    with staged(tmp_path / "out", force=False) as stage:
        (stage / "new.txt").write_text("new")
    (tmp_path / "empty").mkdir()
    with staged(tmp_path / "empty", force=False) as stage:
        (stage / "new.txt").write_text("new")
    assert names(tmp_path) == {"out", "out/new.txt", "empty", "empty/new.txt"}


def test_somebody_who_fills_the_folder_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def race() -> None:
        with staged(out, force=False) as stage:
            (stage / "new.txt").write_text("new")
            out.mkdir()
            (out / "theirs.txt").write_text("theirs")

    with pytest.raises(InputError, match="not empty"):
        race()
    assert names(tmp_path) == {"out", "out/theirs.txt"}


def test_an_interruption_while_replacing_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, stage = tmp_path / "out", tmp_path / "stage"
    for folder, text in ((out, "old"), (stage, "new")):
        folder.mkdir()
        (folder / f"{text}.txt").write_text(text)
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self == stage:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(stage, out)
    assert names(tmp_path) == {"out", "out/old.txt", "stage", "stage/new.txt"}


def test_a_symlink_stays_and_its_folder_is_filled(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    with staged(link, force=False) as stage:
        (stage / "new.txt").write_text("new")
    assert link.is_symlink()
    assert (real / "new.txt").read_text() == "new"


def test_the_current_folder_can_be_named_by_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with staged(Path("."), force=False) as stage:
        (stage / "new.txt").write_text("new")
    assert names(tmp_path) == {"here", "here/new.txt"}


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for path in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(InputError), staged(path, force=True):
            pass
    assert (tmp_path / "out").read_text() == "mine"


def test_a_parent_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o555)
    if os.geteuid() == 0:  # who may write everywhere
        monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    try:
        with pytest.raises(InputError, match=f"nothing can be written to {tmp_path}"):
            check_free(tmp_path / "a" / "out", force=False)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("name", ["/proc/edgecomp-results", "x" * 300])
def test_a_place_where_no_folder_can_be_made_is_a_plain_message(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="written to"), staged(Path(name), force=False):
        pass
    assert not names(tmp_path)


def test_a_long_name_has_room_for_its_temporary_neighbour(tmp_path: Path) -> None:
    with staged(tmp_path / ("x" * 250), force=False) as stage:
        (stage / "new.txt").write_text("new")
    assert names(tmp_path) == {"x" * 250, f"{'x' * 250}/new.txt"}


def test_os_errors_while_writing_become_a_plain_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written to out: No space left on device"), writing_to(Path("out")):
        raise OSError(28, "No space left on device")


def test_results_aside_get_a_free_name(tmp_path: Path) -> None:
    found = []
    for _ in range(3):
        (tmp_path / "stage").mkdir()
        found.append(publish_aside(tmp_path / "stage", tmp_path / "out").name)
    assert found == ["out.over-budget", "out.over-budget-2", "out.over-budget-3"]
