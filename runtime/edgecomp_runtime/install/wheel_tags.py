"""Whether a wheel runs on this machine, from its file name.

Source: the platform compatibility tags and binary distribution format of packaging.python.org.
"""

from __future__ import annotations

import re

from ..machine import Machine

_OLD_TAGS = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_PLATFORM = re.compile(r"(linux|manylinux1|manylinux2010|manylinux2014|manylinux_(\d+)_(\d+))_(\w+)")
_CPYTHON = re.compile(r"cp(\d)(\d+)")


def wheel_fits(file: str, machine: Machine) -> bool:
    """Whether pip would install a wheel on a machine.

    Args:
        file: name of the wheel's file; its last three parts are the tags.
        machine: the machine and its Python.
    """
    parts = file[: -len(".whl")].split("-")
    if not file.endswith(".whl") or len(parts) not in (5, 6):
        return False
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    return any(_python_fits(python, abi, machine) for python in pythons for abi in abis) and any(
        _platform_fits(platform, machine) for platform in platforms
    )


def is_pure(file: str) -> bool:
    """Whether a wheel runs on every machine."""
    return file.endswith("-none-any.whl")


def _python_fits(python: str, abi: str, machine: Machine) -> bool:
    if python == f"py{machine.python[0]}":
        return abi == "none"
    found = _CPYTHON.fullmatch(python)
    if found is None or machine.implementation != "cpython":
        return False
    version = (int(found[1]), int(found[2]))
    if abi == "abi3":
        return version[0] == machine.python[0] and version <= machine.python
    return version == machine.python and abi in ("none", python)


def _platform_fits(platform: str, machine: Machine) -> bool:
    if platform == "any":
        return True
    found = _PLATFORM.fullmatch(platform)
    if found is None or machine.system != "Linux" or found[4] != machine.architecture:
        return False
    if found[1] == "linux":
        return True
    needed = (int(found[2]), int(found[3])) if found[2] else _OLD_TAGS[found[1]]
    return machine.libc == "glibc" and machine.libc_version >= needed
