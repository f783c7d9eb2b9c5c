"""For each kind of board the right interpreter is named, or why there is none."""

from __future__ import annotations

import platform
from dataclasses import replace

import pytest
from edgecomp_runtime import machine as machines
from edgecomp_runtime.machine import Machine, install_line, this_machine, wheels_for, why_no_wheel

PI = Machine("Linux", "aarch64", "aarch64", (3, 11), "cpython", "glibc", (2, 36))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "'ai-edge-litert==2.3.0'"),
        ({"python": (3, 13), "libc_version": (2, 41)}, "'ai-edge-litert==2.3.0'"),
        ({"python": (3, 9), "libc_version": (2, 31)}, "'ai-edge-litert==2.1.0'"),
        ({"architecture": "armv7l"}, "'tflite-runtime==2.14.0' 'numpy<2'"),
        ({"architecture": "armv7l", "python": (3, 9), "libc_version": (2, 31)}, "'tflite-runtime==2.13.0' 'numpy<2'"),
        ({"architecture": "x86_64", "libc_version": (2, 17)}, "'tflite-runtime==2.14.0' 'numpy<2'"),
    ],
)
def test_the_install_line_fits_the_board(changes: dict[str, object], expected: str) -> None:
    line = install_line(replace(PI, **changes))
    assert line is not None
    assert line.endswith(f"-m pip install {expected}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"libc": "musl", "libc_version": (0, 0)}, "glibc"),
        ({"architecture": "armv6l"}, "armv6l"),
        ({"architecture": "armv7l", "python": (3, 13)}, "use Python 3.8 to 3.11"),
        ({"python": (3, 15)}, "use Python 3.8 to 3.14"),
        ({"implementation": "pypy"}, "CPython"),
        ({"implementation": "cpython-freethreaded"}, "CPython"),
        ({"libc_version": (2, 12)}, "newer glibc than 2.12"),
    ],
)
def test_where_there_is_none_the_reason_is_told(changes: dict[str, object], reason: str) -> None:
    board = replace(PI, **changes)
    assert wheels_for(board) == ()
    assert install_line(board) is None
    assert reason in why_no_wheel(board)


def test_a_32_bit_system_on_a_64_bit_kernel_is_seen_as_32_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(machines.struct, "calcsize", lambda _: 4)
    here = this_machine()
    assert (here.architecture, here.kernel_architecture, here.bits) == ("armv7l", "aarch64", 32)


def test_this_machine_can_say_what_it_is() -> None:
    here = this_machine()
    assert here.system in str(here)
    assert here.architecture in str(here)
    assert here.bits in (32, 64)


def test_a_python_that_refuses_pip_is_given_a_virtual_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr(machines.sys, "prefix", "/usr")
    monkeypatch.setattr(machines.sys, "base_prefix", "/usr")
    (tmp_path / "EXTERNALLY-MANAGED").write_text("")  # type: ignore[operator]
    monkeypatch.setattr(machines.sysconfig, "get_path", lambda _: str(tmp_path))
    line = install_line(PI)
    assert line is not None
    assert "-m venv" in line
