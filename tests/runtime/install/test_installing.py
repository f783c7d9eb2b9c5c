"""Installing, going back and looking: what is checked, what is kept, and what it says."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, IntegrityError, Model
from edgecomp_runtime.cli import main
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.errors import BudgetError
from edgecomp_runtime.install import lock
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status
from edgecomp_runtime.storage import flush_folder

Write = Callable[..., Path]
Files = tuple[dict[str, bytes], Contract]

UNSIGNED = Options(allow_unsigned=True)


def current_version(name: str = "photo") -> int:
    """Of the model that an application would get."""
    bundle = Model.load(f"installed:{name}").bundle
    assert bundle is not None
    return bundle.manifest.version


def files_of(home: Path, name: str = "photo") -> set[str]:
    return {path.name for path in (home / "installed" / name).iterdir()}


def test_an_installed_model_is_opened_by_its_name(home: Path, versions: list[Path]) -> None:
    done = install(versions[1], UNSIGNED)
    assert done.changed
    assert done.state.previous is None
    assert done.state.current.verified["exact"]
    assert current_version() == 1


def test_the_installed_copy_does_not_depend_on_the_file_it_came_from(home: Path, versions: list[Path]) -> None:
    install(versions[1], UNSIGNED)
    versions[1].unlink()
    assert current_version() == 1


def test_a_damaged_wheel_stops_an_installation_and_verify_but_not_an_application(
    home: Path, versions: list[Path], write_bundle: Write, bundle_files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    install(versions[0], UNSIGNED)
    listed = {**bundle_files[0], "wheels/numpy.whl": b"compiled code"}
    damaged = write_bundle(files={**listed, "wheels/numpy.whl": b"compiled c0de"}, listed=listed)
    with pytest.raises(IntegrityError, match=r"numpy\.whl"):
        install(damaged, UNSIGNED)
    good = install(write_bundle(files=listed, changes={"version": 7}), UNSIGNED)
    place = home / "installed/photo" / good.state.current.file
    place.write_bytes(write_bundle(files={**listed, "wheels/numpy.whl": b"?"}, listed=listed).read_bytes())
    assert Model.load("installed:photo").classify(np.zeros((12, 16, 3), np.uint8))
    assert main(["verify", "installed:photo"]) == 5
    assert "numpy.whl" in capsys.readouterr().err
    assert main(["status", "photo"]) == 5


def test_an_update_keeps_the_release_before_and_no_other(home: Path, versions: list[Path]) -> None:
    for path in versions:
        state = install(path, UNSIGNED).state
    assert state.previous is not None
    assert (state.current.version, state.previous.version) == (2, 1)
    assert files_of(home) == {"state.json", state.current.file, state.previous.file}


def test_rolling_back_twice_leads_to_where_one_was(home: Path, versions: list[Path]) -> None:
    install(versions[0], UNSIGNED)
    install(versions[1], UNSIGNED)
    assert rollback("photo").state.current.version == 0
    assert current_version() == 0
    assert rollback("photo").state.current.version == 1
    assert current_version() == 1


def test_there_is_nothing_to_go_back_to_after_the_first_installation(home: Path, versions: list[Path]) -> None:
    with pytest.raises(InputError, match="no model 'photo' is installed"):
        rollback("photo")
    install(versions[0], UNSIGNED)
    with pytest.raises(InputError, match="no bundle before the current one"):
        rollback("photo")


def test_a_damaged_release_is_not_gone_back_to(home: Path, versions: list[Path]) -> None:
    first = install(versions[0], UNSIGNED).state.current
    install(versions[1], UNSIGNED)
    path = home / "installed/photo" / first.file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(IntegrityError):
        rollback("photo")
    assert current_version() == 1


def test_installing_the_same_bundle_again_changes_nothing(home: Path, versions: list[Path]) -> None:
    install(versions[0], UNSIGNED)
    before = install(versions[1], UNSIGNED).state
    again = install(versions[1], UNSIGNED)
    assert not again.changed
    assert again.state == before


def test_an_older_version_is_refused_unless_it_is_asked_for(home: Path, versions: list[Path]) -> None:
    install(versions[2], UNSIGNED)
    with pytest.raises(IntegrityError, match=r"version 1 of photo is older than version 2.*--allow-downgrade"):
        install(versions[1], UNSIGNED)
    assert current_version() == 2
    install(versions[1], Options(allow_unsigned=True, allow_downgrade=True))
    assert current_version() == 1


def test_an_unsigned_bundle_is_refused_unless_that_is_said(home: Path, versions: list[Path]) -> None:
    with pytest.raises(IntegrityError, match=r"version0\.zip: it is not signed.*--allow-unsigned"):
        install(versions[0])
    assert not (home / "installed/photo").exists()


def test_a_bundle_that_computes_something_else_here_is_refused(
    home: Path, versions: list[Path], write_bundle: Write, bundle_files: Files, tmp_path: Path
) -> None:
    install(versions[0], UNSIGNED)
    files, _ = bundle_files
    with np.load(_saved(files["golden.npz"], tmp_path)) as arrays:
        inputs, outputs = arrays["input_0"], arrays["output_0"]
    np.savez(tmp_path / "wrong.npz", input_0=inputs, output_0=outputs ^ 1)
    wrong = write_bundle(files={**files, "golden.npz": (tmp_path / "wrong.npz").read_bytes()}, changes={"version": 1})
    with pytest.raises(IntegrityError, match="does not compute here what it must"):
        install(wrong, UNSIGNED)
    assert current_version() == 0
    assert files_of(home) == {"state.json", next(one for one in files_of(home) if one.endswith(".zip"))}


def test_a_bundle_without_golden_samples_is_refused(home: Path, write_bundle: Write, bundle_files: Files) -> None:
    files = {name: data for name, data in bundle_files[0].items() if name != "golden.npz"}
    with pytest.raises(IntegrityError, match="no golden samples"):
        install(write_bundle(files=files, changes={"golden": None}), UNSIGNED)


def test_a_damaged_bundle_is_refused_by_the_name_the_user_knows(home: Path, versions: list[Path]) -> None:
    data = bytearray(versions[0].read_bytes())
    data[len(data) // 2] ^= 1
    versions[0].write_bytes(data)
    with pytest.raises(IntegrityError, match=r"version0\.zip") as caught:
        install(versions[0], UNSIGNED)
    assert "incoming" not in str(caught.value)
    assert not (home / "installed/incoming.zip").exists()


def test_a_latency_limit_that_is_met_lets_it_in_and_one_that_is_not_keeps_it_out(
    home: Path, versions: list[Path], write_bundle: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecomp_runtime.install.proof.LATENCY_SECONDS", 0.2)
    install(versions[0], UNSIGNED)
    with pytest.raises(BudgetError, match="the bundle allows 1e-06 ms"):
        install(write_bundle(changes={"version": 1, "latency_limit_ms": 1e-6}), UNSIGNED)
    assert current_version() == 0
    done = install(write_bundle(changes={"version": 1, "latency_limit_ms": 10_000.0}), UNSIGNED)
    assert done.latency_ms is not None
    assert 0 < done.latency_ms < 10_000
    assert current_version() == 1


def test_a_device_that_says_what_it_is_takes_nothing_made_for_another(home: Path, versions: list[Path]) -> None:
    home.mkdir()
    (home / "target").write_text("raspberry-pi-5\n")
    with pytest.raises(InputError, match=r"made for linux-x86-64.*this is a raspberry-pi-5"):
        install(versions[0], UNSIGNED)
    (home / "target").write_text("linux-x86-64\n")
    install(versions[0], UNSIGNED)


@pytest.mark.parametrize("name", ["../photo", ".hidden", "", "a/b", "-x", "a b", "x" * 101])
def test_names_that_are_no_plain_folder_are_refused(home: Path, versions: list[Path], name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of an installed model"):
        install(versions[0], Options(allow_unsigned=True, name=name))
    assert sorted(path.name for path in home.parent.iterdir()) == ["home", *(path.name for path in versions)]


def test_one_bundle_can_be_installed_under_a_name_of_its_own(home: Path, versions: list[Path]) -> None:
    install(versions[1], Options(allow_unsigned=True, name="front-door"))
    assert current_version("front-door") == 1
    with pytest.raises(InputError, match="no model 'photo' is installed"):
        Model.load("installed:photo")


def test_a_file_that_cannot_be_read_is_named_and_not_the_disk_it_should_go_to(
    home: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def failing(path: Path, *arguments: Any, **options: Any) -> Any:
        if path == versions[1]:
            raise OSError(5, "Input/output error")
        return real(path, *arguments, **options)

    install(versions[0], UNSIGNED)
    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(InputError, match=r"version1\.zip: cannot be read \(Input/output error\)"):
        install(versions[1], UNSIGNED)
    with pytest.raises(InputError, match=r"home: is a folder, not a bundle"):
        install(home, UNSIGNED)
    assert current_version() == 0


def test_a_pointer_that_was_damaged_is_mended_by_the_next_installation(home: Path, versions: list[Path]) -> None:
    install(versions[0], UNSIGNED)
    (home / "installed/photo/state.json").write_bytes(b"{")
    with pytest.raises(IntegrityError, match="install the model again"):
        Model.load("installed:photo")
    assert status("photo")[0].damage
    install(versions[0], UNSIGNED)
    assert current_version() == 0
    assert not status("photo")[0].damage


def test_status_tells_version_hash_key_and_what_was_before(
    home: Path, versions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in versions[:2]:
        assert main(["install", str(path), "--allow-unsigned"]) == 0
    assert "version 0 is kept: edgecomp-runtime rollback photo" in capsys.readouterr().out
    assert main(["status", "photo", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["models"]
    assert (found["name"], found["current"]["version"], found["previous"]["version"]) == ("photo", 1, 0)
    assert found["current"]["key"] is None
    assert len(found["current"]["sha256"]) == 64
    assert found["damage"] is None


def test_status_finds_a_damaged_bundle(home: Path, versions: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    current = install(versions[0], UNSIGNED).state.current
    path = home / "installed/photo" / current.file
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert main(["status"]) == 5
    assert "DAMAGED" in capsys.readouterr().out


def test_a_bundle_that_crashes_the_interpreter_is_refused_in_words(
    home: Path, versions: list[Path], tmp_path: Path
) -> None:
    install(versions[0], UNSIGNED)
    # A stand-in that ends the process, as a native interpreter does on a processor it was not built for.
    for name, code in (
        ("__init__", ""),
        ("interpreter", "import os\nclass OpResolverType: AUTO = 0\nInterpreter = os.abort"),
    ):
        path = tmp_path / "crashing/ai_edge_litert" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code.replace("= os.abort", "= lambda **_: os.abort()"))
    ended = subprocess.run(
        [sys.executable, "-m", "edgecomp_runtime", "install", str(versions[1]), "--allow-unsigned"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "crashing")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "crashed (SIGABRT) while it ran the golden samples of" in ended.stderr
    assert current_version() == 0
    install(versions[1], UNSIGNED)
    assert not (home / "installed/incoming.zip").exists()


def test_commands_end_with_the_codes_of_the_readme(
    home: Path, versions: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", str(versions[0])]) == 5
    assert main(["install", str(versions[0].parent / "absent.zip")]) == 2
    assert main(["rollback", "photo"]) == 2
    assert main(["status", "photo"]) == 2
    assert main(["install", str(versions[0]), "--allow-unsigned", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signature"]["signed"] is False
    assert main(["verify", "installed:photo"]) == 0


def test_a_loaded_model_notices_that_another_was_installed(home: Path, versions: list[Path]) -> None:
    install(versions[0], UNSIGNED)
    model = Model.load("installed:photo")
    assert not model.stale
    install(versions[0], UNSIGNED)
    assert not model.stale, "the same bundle again is nothing new"
    install(versions[1], UNSIGNED)
    assert model.stale
    rollback("photo")
    assert not model.stale
    assert not Model.load(versions[0]).stale


def test_asking_for_a_new_version_does_not_fail_when_the_model_is_gone(home: Path, versions: list[Path]) -> None:
    install(versions[0], UNSIGNED)
    model = Model.load("installed:photo")
    (home / "installed/photo/state.json").unlink()
    assert not model.stale


def test_users_find_what_the_system_has_installed(
    tmp_path: Path, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGECOMP_HOME", str(tmp_path / "system"))
    install(versions[1], UNSIGNED)
    monkeypatch.delenv("EDGECOMP_HOME")
    monkeypatch.setattr("edgecomp_runtime.install.installed.SYSTEM_HOME", tmp_path / "system")
    monkeypatch.setattr("edgecomp_runtime.install.installed.home", lambda: tmp_path / "own")
    assert current_version() == 1
    assert [one.name for one in status()] == ["photo"]


def test_two_installers_take_turns(home: Path, versions: list[Path]) -> None:
    told: list[str] = []
    home.mkdir()
    with lock.locked(home):
        waiting = threading.Thread(target=install, args=(versions[0], UNSIGNED, told.append))
        waiting.start()
        while "waiting for another installation" not in told:
            time.sleep(0.01)
        assert not (home / "installed/photo").exists()
    waiting.join()
    assert current_version() == 0


def test_an_installer_that_waited_long_enough_gives_up(home: Path) -> None:
    home.mkdir()
    with (
        lock.locked(home),
        pytest.raises(InputError, match="another installation has been under way"),
        lock.locked(home, wait_seconds=0.2),
    ):
        pass


def test_the_lock_of_a_killed_installer_blocks_nobody(home: Path) -> None:
    home.mkdir()
    code = "import sys, time; from pathlib import Path; from edgecomp_runtime.install.lock import locked\n"
    code += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with (home / "lock").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder.kill()
    holder.wait()
    with lock.locked(home, wait_seconds=5):
        pass


def test_many_installers_at_once_leave_one_whole_state(home: Path, versions: list[Path]) -> None:
    options = Options(allow_unsigned=True, allow_downgrade=True)
    threads = [threading.Thread(target=install, args=(path, options)) for path in versions * 3]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    (found,) = status()
    assert not found.damage
    assert not found.previous_damage
    assert current_version() in (0, 1, 2)


def test_a_folder_that_cannot_be_flushed_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    flush_folder(tmp_path)


def _saved(data: bytes, folder: Path) -> Path:
    path = folder / "saved.npz"
    path.write_bytes(data)
    return path
