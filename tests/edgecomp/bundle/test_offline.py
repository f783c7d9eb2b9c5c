"""Which wheels a board without a network gets, and that pip fetches them for it and not for this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.install.wheel_tags import wheel_fits
from edgecomp_runtime.machine import Machine

from edgecomp.bundle import offline
from edgecomp.bundle.offline import WheelTag, fetch_wheels, parse_tags, plan_wheels
from edgecomp.errors import InputError


def test_tags_are_read_once_each_and_in_order() -> None:
    assert parse_tags("cp311-aarch64, cp39-armv7l,cp311-aarch64") == (WheelTag(11, "aarch64"), WheelTag(9, "armv7l"))


@pytest.mark.parametrize("text", ["", "cp311", "cp27-aarch64", "cp38-aarch64", "cp399-aarch64", "cp311-arm", "x,y"])
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="cp311-aarch64"):
        parse_tags(text)


@pytest.mark.parametrize(
    ("tag", "needed", "wanted"),
    [
        ("cp311-aarch64", ("ai-edge-litert==2.3.0", "numpy==2.4.6", "pillow==12.0.0"), ()),
        ("cp39-aarch64", ("ai-edge-litert==2.1.0", "numpy==2.0.2", "pillow==11.3.0"), ()),
        ("cp311-armv7l", ("tflite-runtime==2.14.0",), ("numpy==1.26.4", "pillow==12.0.0")),
        # Debian 11 has too old a C library for 2.14.0.
        ("cp39-armv7l", ("tflite-runtime==2.13.0",), ("numpy==1.26.4", "pillow==11.3.0")),
    ],
)
def test_each_board_gets_the_interpreter_that_is_published_for_it(
    tag: str, needed: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    plan = plan_wheels(parse_tags(tag)[0])
    assert (plan.needed, plan.wanted) == (needed, wanted)


def test_a_python_that_nothing_is_published_for_is_refused() -> None:
    with pytest.raises(InputError, match=r"--with-wheels cp313-armv7l: no interpreter is published for Python 3\.13"):
        plan_wheels(WheelTag(13, "armv7l"))


def test_platforms_are_those_that_the_boards_c_library_runs() -> None:
    platforms = WheelTag(9, "aarch64").platforms
    assert {"manylinux_2_31_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"} <= set(platforms)
    assert "manylinux_2_32_aarch64" not in platforms
    machine = Machine("Linux", "aarch64", "aarch64", (3, 9), "cpython", "glibc", (2, 31))
    assert all(wheel_fits(f"a-1-cp39-cp39-{platform}.whl", machine) for platform in platforms)


class Pip:
    """Stands for pip and its index."""

    def __init__(self, published: dict[str, str]) -> None:
        self.published, self.commands = published, list[list[str]]()

    def run(self, command: Sequence[Any], **_: Any) -> subprocess.CompletedProcess[str]:
        arguments = list(map(str, command))
        self.commands.append(arguments)
        file = self.published.get(arguments[-1])
        if file is None:
            return subprocess.CompletedProcess(
                arguments, 1, "", f"ERROR: No matching distribution for {arguments[-1]}\n"
            )
        (Path(arguments[arguments.index("--dest") + 1]) / file).write_bytes(file.encode())
        return subprocess.CompletedProcess(arguments, 0, "", "")


def test_what_has_no_wheel_for_32_bit_arm_is_left_to_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip({"tflite-runtime==2.14.0": "tflite_runtime-2.14.0-cp311-cp311-manylinux_2_34_armv7l.whl"})
    monkeypatch.setattr(offline.subprocess, "run", pip.run)
    notes: list[str] = []
    wheels = fetch_wheels([plan_wheels(WheelTag(11, "armv7l"))], notes.append)
    assert list(wheels) == ["wheels/tflite_runtime-2.14.0-cp311-cp311-manylinux_2_34_armv7l.whl"]
    assert [note.rsplit(": ", 1)[1] for note in notes] == ["apt install python3-numpy", "apt install python3-pil"]
    assert all("manylinux_2_36_armv7l" in command for command in pip.commands)


def test_an_interpreter_that_cannot_be_fetched_is_an_error_with_pips_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline.subprocess, "run", Pip({}).run)
    with pytest.raises(InputError, match=r"cannot fetch ai-edge-litert==2\.3\.0 for cp311-aarch64: ERROR: No matching"):
        fetch_wheels([plan_wheels(WheelTag(11, "aarch64"))])
