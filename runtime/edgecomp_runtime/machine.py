"""Which machine and Python this is, and which interpreter can be installed on it. Needs the standard library alone."""

from __future__ import annotations

import os
import platform
import struct
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class Machine:
    """What decides which wheels can be installed.

    Args:
        system: "Linux", "Darwin", "Windows".
        architecture: of this Python, not of the kernel: "aarch64", "armv7l", "x86_64", ...
        kernel_architecture: of the kernel; differs from `architecture` for a 32-bit system on a 64-bit kernel.
        python: (major, minor).
        implementation: "cpython", "pypy", ...; "cpython-freethreaded" for builds without the global lock.
        libc: "glibc", "musl" or "" where it is neither or not known.
        libc_version: (major, minor), or (0, 0) where it is not known.
    """

    system: str
    architecture: str
    kernel_architecture: str
    python: tuple[int, int]
    implementation: str
    libc: str
    libc_version: tuple[int, int]

    @property
    def bits(self) -> int:
        """32 or 64: of this Python."""
        return 64 if self.architecture in _SIXTY_FOUR_BITS else 32

    def __str__(self) -> str:
        libc = f", {self.libc} {'.'.join(map(str, self.libc_version))}" if self.libc else ""
        python = f"{self.implementation} {'.'.join(map(str, self.python))}"
        return f"{self.system} {self.architecture} ({self.bits}-bit), {python}{libc}"


@dataclass(frozen=True)
class Wheel:
    """A published build of an interpreter.

    Args:
        package: its name for pip.
        version: the version that was tried.
        pythons: oldest and newest Python it is built for.
        systems: for each "system architecture" the oldest glibc it runs on ((0, 0) outside Linux).
        numpy: what pip has to be told about NumPy, or "".
    """

    package: str
    version: str
    pythons: tuple[tuple[int, int], tuple[int, int]]
    systems: dict[str, tuple[int, int]]
    numpy: str = ""

    @property
    def requirements(self) -> str:
        """The arguments for `pip install`."""
        pins = [f"'{self.package}=={self.version}'"] + ([f"'{self.numpy}'"] if self.numpy else [])
        return " ".join(pins)

    def fits(self, machine: Machine) -> bool:
        """Whether pip would install it on that machine."""
        oldest = self.systems.get(f"{machine.system} {machine.architecture}")
        if oldest is None or machine.implementation != "cpython":
            return False
        if machine.system == "Linux" and (machine.libc != "glibc" or machine.libc_version < oldest):
            return False
        return self.pythons[0] <= machine.python <= self.pythons[1]


_SIXTY_FOUR_BITS = ("aarch64", "arm64", "x86_64", "AMD64", "riscv64", "ppc64le", "s390x")

# From the file names on the package index, November 2026; the best choice first. 2.1.0 is the last LiteRT for
# Python 3.9. tflite-runtime was built against NumPy 1 and says so nowhere.
WHEELS = (
    Wheel(
        "ai-edge-litert",
        "2.3.0",
        ((3, 10), (3, 14)),
        {"Linux aarch64": (2, 27), "Linux x86_64": (2, 27), "Darwin arm64": (0, 0), "Windows AMD64": (0, 0)},
    ),
    Wheel("ai-edge-litert", "2.1.0", ((3, 9), (3, 9)), {"Linux aarch64": (2, 27), "Linux x86_64": (2, 27)}),
    Wheel(
        "tflite-runtime",
        "2.14.0",
        ((3, 8), (3, 11)),
        {"Linux aarch64": (2, 34), "Linux armv7l": (2, 34), "Linux x86_64": (2, 17)},
        "numpy<2",
    ),
    Wheel(
        "tflite-runtime",
        "2.13.0",
        ((3, 8), (3, 11)),
        {"Linux aarch64": (2, 17), "Linux armv7l": (2, 17)},
        "numpy<2",
    ),
)


def this_machine() -> Machine:
    """The machine and Python this runs on."""
    libc, version = _libc()
    kernel = platform.machine()
    return Machine(
        system=platform.system(),
        architecture=_userland(kernel, struct.calcsize("P") * 8),
        kernel_architecture=kernel,
        python=sys.version_info[:2],
        implementation=sys.implementation.name
        + ("-freethreaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""),
        libc=libc,
        libc_version=version,
    )


def wheels_for(machine: Machine) -> tuple[Wheel, ...]:
    """The interpreters that can be installed on a machine, the best first."""
    return tuple(wheel for wheel in WHEELS if wheel.fits(machine))


def install_line(machine: Machine) -> Optional[str]:
    """The command that installs the best interpreter for a machine and its Python, or None where there is none."""
    wheels = wheels_for(machine)
    return pip_install(wheels[0].requirements) if wheels else None


def pip_install(requirements: str) -> str:
    """The command that installs packages for the Python that runs this.

    It goes through a virtual environment where the system's own Python refuses to be changed (PEP 668).
    """
    if sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists():
        return (
            f"{sys.executable} -m venv --system-site-packages ~/edgecomp-env && "
            f"~/edgecomp-env/bin/python -m pip install {requirements}"
        )
    return f"{sys.executable} -m pip install {requirements}"


def why_no_wheel(machine: Machine) -> str:
    """One sentence: what about this machine no published interpreter fits, and what would."""
    if machine.implementation != "cpython":
        return f"no interpreter is published for {machine.implementation}; use CPython 3.9 to 3.14"
    if machine.system == "Linux" and machine.libc != "glibc":
        libc = machine.libc or "this C library"
        return f"no interpreter is published for {libc}; use a system with glibc (Debian, Ubuntu)"
    key = f"{machine.system} {machine.architecture}"
    built = [wheel for wheel in WHEELS if key in wheel.systems]
    if not built:
        return f"no interpreter is published for {key}; aarch64, armv7l and x86_64 Linux have one"
    if all(machine.libc_version < wheel.systems[key] for wheel in built):
        return f"every interpreter for {key} needs a newer glibc than {'.'.join(map(str, machine.libc_version))}"
    oldest, newest = min(wheel.pythons[0] for wheel in built), max(wheel.pythons[1] for wheel in built)
    return (
        f"no interpreter is published for Python {'.'.join(map(str, machine.python))} on {key}; "
        f"use Python {'.'.join(map(str, oldest))} to {'.'.join(map(str, newest))}"
    )


def _userland(kernel: str, bits: int) -> str:
    if bits == 64:
        return kernel
    return {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686"}.get(kernel, kernel)


def _libc() -> tuple[str, tuple[int, int]]:
    if platform.system() != "Linux":
        return "", (0, 0)
    try:
        named = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        named = ""
    if named.startswith("glibc "):
        major, minor = named.split()[1].split(".")[:2]
        return "glibc", (int(major), int(minor))
    musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") or any(Path("/lib").glob("ld-musl-*"))
    return ("musl" if musl else ""), (0, 0)
