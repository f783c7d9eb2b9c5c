"""A bundle that holds only what differs from one that is installed: restored, proved, and then like any other."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from edgecomp_runtime import InputError, IntegrityError, Model, storage
from edgecomp_runtime.bundle.read import read_bundle, read_files
from edgecomp_runtime.cli import main
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status
from edgecomp_runtime.verify import verify

from .conftest import Deltas
from .test_full_disks import fails_at_each_step
from .test_kills import check, kills
from .test_power_cuts import check_all, possible_trees

UNSIGNED = Options(allow_unsigned=True)


def shown() -> int:
    """The version that an application gets, which has to compute what it must."""
    model = Model.load("installed:photo")
    assert verify(model).passed
    assert model.bundle is not None
    return model.bundle.manifest.version


def test_a_delta_holds_nothing_that_its_base_has(deltas: Deltas) -> None:
    with zipfile.ZipFile(deltas.delta) as archive:
        assert not {"labels.txt", "model.tflite", "wheels/tools-1-py3-none-any.whl"} & set(archive.namelist())
    assert deltas.delta.stat().st_size < 0.75 * deltas.two.stat().st_size, "even of a model of 3 kB"


def test_a_delta_gives_the_same_model_as_the_whole_bundle(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    done = install(deltas.delta, UNSIGNED)
    assert (done.changed, done.state.current.version, shown()) == (True, 2, 2)
    kept = home / "installed/photo" / done.state.current.file
    assert read_files(kept) == read_files(deltas.two)
    assert not read_bundle(kept).smaller, "applications need not restore anything"
    assert done.state.current.sha256 == hashlib.sha256(deltas.delta.read_bytes()).hexdigest()


def test_the_base_may_be_the_bundle_before_or_that_of_another_name(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    install(deltas.two, UNSIGNED)
    assert install(deltas.delta, UNSIGNED).changed
    assert shown() == 2
    shutil.rmtree(home)
    install(deltas.one, Options(name="elsewhere", allow_unsigned=True))
    install(deltas.delta, UNSIGNED)
    assert shown() == 2


def test_going_back_from_a_delta_and_forth_again(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    install(deltas.delta, UNSIGNED)
    assert rollback("photo").state.current.version == shown() == 1
    assert rollback("photo").state.current.version == shown() == 2


def test_a_delta_without_its_base_is_refused_and_says_what_is_there_and_what_to_do(home: Path, deltas: Deltas) -> None:
    with pytest.raises(InputError, match=r"version 1 of photo.*no version of it is installed here.*the full bundle"):
        install(deltas.delta, UNSIGNED)
    install(deltas.two, UNSIGNED)
    with pytest.raises(InputError, match=r"installed here: version 2\); install the full bundle"):
        install(deltas.delta, UNSIGNED)
    assert shown() == 2
    assert not (home / "installed/incoming.zip").exists()
    assert main(["install", "--allow-unsigned", str(deltas.delta)]) == 2


def test_a_damaged_base_is_no_base(home: Path, deltas: Deltas) -> None:
    first = install(deltas.one, UNSIGNED).state.current
    path = home / "installed/photo" / first.file
    content = path.read_bytes()
    place = content.index(b"TFL3") + 100
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(InputError, match="not here whole"):
        install(deltas.delta, UNSIGNED)


def test_the_same_delta_again_changes_nothing_even_when_its_base_is_gone(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    before = install(deltas.delta, UNSIGNED).state
    assert before.previous is not None
    state = home / "installed/photo/state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "previous": None}))
    again = install(deltas.delta, UNSIGNED)
    assert not again.changed
    assert again.state.current == before.current
    assert shown() == 2


def test_a_delta_to_an_older_version_is_refused_like_any_other(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    place = home / "installed/photo/state.json"
    state = json.loads(place.read_text())
    state["current"]["version"] = 3
    place.write_text(json.dumps(state))
    with pytest.raises(IntegrityError, match="--allow-downgrade"):
        install(deltas.delta, UNSIGNED)
    assert install(deltas.delta, Options(allow_unsigned=True, allow_downgrade=True)).changed


def test_a_changed_delta_is_refused(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    content = deltas.delta.read_bytes()
    for position in range(0, len(content), 37):
        deltas.delta.write_bytes(content[:position] + bytes([content[position] ^ 16]) + content[position + 1 :])
        with pytest.raises(IntegrityError):
            install(deltas.delta, UNSIGNED)
    assert shown() == 1


def test_what_is_kept_of_a_delta_is_watched(home: Path, deltas: Deltas) -> None:
    install(deltas.one, UNSIGNED)
    kept = home / "installed/photo" / install(deltas.delta, UNSIGNED).state.current.file
    assert not status()[0].damage
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert "not what was installed" in status()[0].damage


def test_a_pointer_that_older_packages_cannot_follow_tells_them_so(home: Path, deltas: Deltas) -> None:
    pointer = home / "installed/photo/state.json"
    install(deltas.one, UNSIGNED)
    first = json.loads(pointer.read_text())
    assert first["format"] == (2 if "restored" in first["current"] else 1)
    install(deltas.delta, UNSIGNED)
    assert json.loads(pointer.read_text())["format"] == 2


def test_wheels_that_only_the_base_has_are_laid_out(
    home: Path, deltas: Deltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    install(deltas.one, UNSIGNED)
    done = install(deltas.delta, Options(allow_unsigned=True, with_wheels=True))
    assert done.packages is not None
    assert (done.packages / "tools.py").read_bytes() == b"# unchanged"


@pytest.mark.parametrize("command", ["run", "verify", "bench"])
def test_a_delta_alone_cannot_be_used_and_says_so(
    deltas: Deltas, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(deltas.delta), *(["x.jpg"] if command == "run" else [])]) == 2
    assert "holds only what differs from version 1" in capfd.readouterr().err


def test_killed_anywhere_the_installation_of_a_delta_leaves_the_old_model_or_the_new(
    memory_home: Path, deltas: Deltas, versions: list[Path]
) -> None:
    for path in (versions[0], deltas.one):
        install(path, UNSIGNED)
    found = kills(memory_home, deltas.delta, "install")
    assert len(found) > 50
    check(found, old=1, new=2)


def test_a_power_cut_during_the_installation_of_a_delta(
    memory_home: Path, deltas: Deltas, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (versions[0], deltas.one):
        install(path, UNSIGNED)
    monkeypatch.setattr(storage, "_BLOCK_BYTES", 200)
    trees = possible_trees(memory_home, lambda: install(deltas.delta, UNSIGNED), monkeypatch)
    assert len(trees) > 30
    assert check_all(trees, memory_home.parent / "cuts", monkeypatch) == {1, 2}


def test_a_full_disk_during_the_installation_of_a_delta(
    memory_home: Path, deltas: Deltas, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (versions[0], deltas.one):
        install(path, UNSIGNED)
    monkeypatch.setattr(storage, "_BLOCK_BYTES", 500)
    assert fails_at_each_step(memory_home, lambda: install(deltas.delta, UNSIGNED), errno.ENOSPC) > 15
    assert not list(memory_home.glob("installed/*.zip"))
