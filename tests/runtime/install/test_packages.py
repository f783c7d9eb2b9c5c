"""Python packages from a bundle's wheels: which fit, where they go, and what is refused."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from edgecomp_runtime import InputError, IntegrityError
from edgecomp_runtime.bundle.read import read_manifest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.install.packages import lay_out_packages, use_packages
from edgecomp_runtime.install.wheel_tags import wheel_fits
from edgecomp_runtime.machine import Machine
from hypothesis import given
from hypothesis import strategies as st

Write = Callable[..., Path]
Files = tuple[dict[str, bytes], Contract]

BOARD = Machine("Linux", "aarch64", "aarch64", (3, 11), "cpython", "glibc", (2, 36))


def wheel(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture
def bundle_with(write_bundle: Write, bundle_files: Files, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a bundle with wheels, by their file names; what it puts on Python's path is taken off afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(wheels: dict[str, bytes]) -> Path:
        return write_bundle(files={**bundle_files[0], **{f"wheels/{name}": data for name, data in wheels.items()}})

    return write


def lay_out(bundle: Path, home: Path, machine: Machine = BOARD) -> Path:
    return lay_out_packages(bundle, read_manifest(bundle), home, machine)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl", True),
        ("numpy-2.4.6-1-cp311-cp311-manylinux2014_aarch64.whl", True),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_39_aarch64.whl", False),
        ("numpy-2.4.6-cp312-cp312-manylinux_2_27_aarch64.whl", False),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl", False),
        ("numpy-2.4.6-cp311-cp311-musllinux_1_2_aarch64.whl", False),
        ("numpy-2.4.6-cp311-cp311t-manylinux_2_27_aarch64.whl", False),
        ("crypto-44.0.0-cp39-abi3-manylinux_2_28_aarch64.whl", True),
        ("crypto-44.0.0-cp312-abi3-manylinux_2_28_aarch64.whl", False),
        ("some-1.0-py3-none-any.whl", True),
        ("some-1.0-py2.py3-none-any.whl", True),
        ("some-1.0-py2-none-any.whl", False),
        ("some-1.0-py3-none-linux_aarch64.whl", True),
        ("some-1.0.tar.gz", False),
        ("wheel.whl", False),
    ],
)
def test_wheels_fit_as_pip_says(name: str, fits: bool) -> None:
    assert wheel_fits(name, BOARD) == fits


@given(st.text())
def test_no_name_breaks_the_choice_of_wheels(name: str) -> None:
    assert wheel_fits(name, BOARD) in (True, False)
    assert wheel_fits(f"{name}.whl", BOARD) in (True, False)


def test_pip_agrees_on_this_very_machine() -> None:
    tags = pytest.importorskip("pip._vendor.packaging.tags")
    from edgecomp_runtime.machine import this_machine

    machine = this_machine()
    known = {f"{tag.interpreter}-{tag.abi}-{tag.platform}" for tag in tags.sys_tags()}
    for python in ("cp39", "cp310", "cp311", "cp312", "py3", "py2"):
        for abi in ("none", "abi3", python):
            for platform in ("any", "linux", "manylinux1", "manylinux2014", "manylinux_2_28", "manylinux_2_99"):
                one = platform if platform == "any" else f"{platform}_{machine.architecture}"
                # Compiled modules for one Python, and pure ones: what is called otherwise is not published.
                if not python.startswith("cp" if abi != "none" and platform != "any" else "py"):
                    continue
                if python.startswith("py") and (abi != "none" or platform != "any"):
                    continue
                assert wheel_fits(f"a-1-{python}-{abi}-{one}.whl", machine) == (f"{python}-{abi}-{one}" in known)


def test_the_wheels_that_fit_are_unpacked_and_found(bundle_with: Callable[..., Path], home: Path) -> None:
    bundle = bundle_with(
        {
            "one_s2-1.0-py3-none-any.whl": wheel({"one_s2/__init__.py": "value = 1", "one_s2/deep/a.txt": "x"}),
            "two_s2-1.0-cp311-cp311-manylinux_2_28_aarch64.whl": wheel({"two_s2.py": "value = 2"}),
            "two_s2-1.0-cp39-cp39-manylinux_2_28_aarch64.whl": wheel({"two_s2.py": "value = 39"}),
        }
    )
    folder = lay_out(bundle, home)
    assert folder.parent == home / "python"
    assert sorted(path.name for path in folder.iterdir()) == ["one_s2", "two_s2.py"]
    assert (folder / "one_s2/deep/a.txt").read_text() == "x"
    import one_s2  # type: ignore[import-not-found]
    import two_s2  # type: ignore[import-not-found]

    assert (one_s2.value, two_s2.value) == (1, 2)
    assert [path.name for path in (home / "python").iterdir()] == [folder.name], "nothing half done is left"


def test_the_same_wheels_are_unpacked_once(bundle_with: Callable[..., Path], home: Path) -> None:
    bundle = bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({"one_s2.py": ""})})
    folder = lay_out(bundle, home)
    (folder / "mark").touch()
    assert lay_out(bundle, home) == folder
    assert (folder / "mark").exists()


def test_what_a_killed_unpacking_left_is_not_used(bundle_with: Callable[..., Path], home: Path) -> None:
    (home / "python/unfinished").mkdir(parents=True)
    (home / "python/unfinished/one_s2.py").write_text("broken")
    folder = lay_out(bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({"two_s2.py": ""})}), home)
    assert [path.name for path in folder.iterdir()] == ["two_s2.py"]
    assert not (home / "python/unfinished").exists()


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../evil", "a//b", "./a"])
def test_a_wheel_cannot_write_outside_its_folder(bundle_with: Callable[..., Path], home: Path, name: str) -> None:
    with pytest.raises(IntegrityError, match="which is not in its folder"):
        lay_out(bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({name: "x"})}), home)
    assert list((home / "python").iterdir()) == []
    assert not list(home.parent.glob("**/evil*"))


def test_a_wheel_that_unpacks_to_too_much_is_refused(
    bundle_with: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgecomp_runtime.install.packages.MAX_UNPACKED_BYTES", 100)
    with pytest.raises(IntegrityError, match="unpacks to more than 100 bytes"):
        lay_out(bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({"a.py": "x" * 101})}), home)


def test_what_is_no_wheel_is_refused(bundle_with: Callable[..., Path], home: Path) -> None:
    with pytest.raises(IntegrityError, match="is not a wheel"):
        lay_out(bundle_with({"one_s2-1.0-py3-none-any.whl": b"no zip"}), home)


def test_a_board_that_no_wheel_is_for_is_told_which_to_ask_for(
    bundle_with: Callable[..., Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = bundle_with({"numpy-2.0.2-cp39-cp39-manylinux_2_17_aarch64.whl": wheel({"a.py": ""})})
    lay_out(bundle, home)  # this Python has a NumPy of its own
    monkeypatch.setattr("edgecomp_runtime.install.packages.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"cp39-manylinux_2_17_aarch64.*--with-wheels cp311-aarch64"):
        lay_out(bundle, home)


def test_commands_run_python_with_the_packages(bundle_with: Callable[..., Path], tmp_path: Path) -> None:
    home = tmp_path / 'a "home" of $PATH, `too`'
    home.mkdir()
    use_packages(lay_out(bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({"one_s2.py": "value = 7"})}), home), home)
    code = "import one_s2, os; print(one_s2.value, os.environ['EDGECOMP_HOME'])"
    environment = {name: value for name, value in os.environ.items() if name != "EDGECOMP_HOME"}
    ran = subprocess.run(
        [home / "bin/edgecomp-python", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"7 {home}\n"


def test_packages_that_a_running_program_may_use_stay_for_one_update(
    bundle_with: Callable[..., Path], home: Path
) -> None:
    folders = []
    for number in range(3):
        bundle = bundle_with({"one_s2-1.0-py3-none-any.whl": wheel({"one_s2.py": f"value = {number}"})})
        folders.append(lay_out(bundle, home))
        use_packages(folders[-1], home)
    assert [folder.exists() for folder in folders] == [False, True, True]
