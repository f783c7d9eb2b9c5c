"""The Python packages that a board without a network needs: which wheels fit it, fetched with pip."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.machine import Machine, wheels_for, why_no_wheel

from ..errors import InputError

WHEELS_FOLDER = "wheels"
"""Where they are in a bundle."""

_TAG = re.compile(r"cp3(\d{1,2})-(aarch64|armv7l|x86_64)")

# Minor version of glibc in the oldest common system whose own Python it is: Debian 11, Ubuntu 22.04, Debian 12,
# Ubuntu 24.04, Debian 13, and for 3.14, which is not yet in a long-lived one, the same.
_GLIBC = {9: 31, 10: 35, 11: 36, 12: 39, 13: 41, 14: 41}

# Pinned, so that a bundle made again on another day is the same; the newest for each Python in November 2026.
_NUMPY = {9: "2.0.2", 10: "2.2.6"}
_NEWER_NUMPY = "2.4.6"
_NUMPY_1 = "1.26.4"
_PILLOW = {9: "11.3.0"}
_NEWER_PILLOW = "12.0.0"

_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


@dataclass(frozen=True)
class WheelTag:
    """A Python on an architecture.

    Args:
        minor: of Python 3.
        architecture: "aarch64", "armv7l" or "x86_64".
    """

    minor: int
    architecture: str

    def __str__(self) -> str:
        return f"cp3{self.minor}-{self.architecture}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """What wheels for it may be called, by the C library they need; the newest first."""
        minors = range(_GLIBC[self.minor], 4, -1)
        names = (name for minor in minors for name in (f"manylinux_2_{minor}", _OLD_NAMES.get(minor)) if name)
        return tuple(f"{name}_{self.architecture}" for name in names)


@dataclass(frozen=True)
class WheelPlan:
    """What is fetched for a tag.

    Args:
        tag: the Python and architecture.
        needed: packages with their versions, as pip wants them.
        wanted: likewise, those that the board's own system may have where there is no wheel.
    """

    tag: WheelTag
    needed: tuple[str, ...]
    wanted: tuple[str, ...]


def parse_tags(text: str) -> tuple[WheelTag, ...]:
    """Reads what `--with-wheels` is given: "cp311-aarch64", or several with commas in between.

    Raises:
        InputError: a part is not of that form, or no interpreter is published for it.
    """
    return tuple(dict.fromkeys(_tag(part.strip()) for part in text.split(",")))


def plan_wheels(tag: WheelTag) -> WheelPlan:
    """Decides what a board needs beside the device package: an interpreter, NumPy, and Pillow for photos.

    Raises:
        InputError: no interpreter is published for it.
    """
    machine = Machine(
        "Linux", tag.architecture, tag.architecture, (3, tag.minor), "cpython", "glibc", (2, _GLIBC[tag.minor])
    )
    found = wheels_for(machine)
    if not found:
        raise InputError(f"--with-wheels {tag}: {why_no_wheel(machine)}")
    interpreter = f"{found[0].package}=={found[0].version}"
    numpy = f"numpy=={_NUMPY_1 if found[0].numpy else _NUMPY.get(tag.minor, _NEWER_NUMPY)}"
    pillow = f"pillow=={_PILLOW.get(tag.minor, _NEWER_PILLOW)}"
    if tag.architecture == "armv7l":  # neither publishes wheels for 32-bit ARM; some other indexes have them
        return WheelPlan(tag, (interpreter,), (numpy, pillow))
    return WheelPlan(tag, (interpreter, numpy, pillow), ())


def fetch_wheels(
    plans: Sequence[WheelPlan],
    note: Callable[[str], object] = lambda _: None,
    now: Callable[[str], object] = lambda _: None,
) -> dict[str, bytes]:
    """Fetches wheels from pip's index.

    Args:
        plans: see `plan_wheels`.
        note: called with a sentence for each package that there is no wheel of.
        now: called with what is being fetched.

    Returns:
        their contents, by their names in a bundle.

    Raises:
        InputError: pip cannot fetch one.
    """
    wheels: dict[str, bytes] = {}
    for plan in plans:
        for package in (*plan.needed, *plan.wanted):
            now(f"{package} for {plan.tag}")
            found, reason = _fetch(package, plan.tag)
            if not found and package in plan.needed:
                raise InputError(f"pip cannot fetch {package} for {plan.tag}: {reason}")
            if not found:
                note(
                    f"there is no wheel of {package} for {plan.tag}; the board's own is used: "
                    f"apt install {_debian_name(package)}"
                )
            wheels |= found
    return {name: wheels[name] for name in sorted(wheels)}


def _tag(text: str) -> WheelTag:
    found = _TAG.fullmatch(text)
    if found is None or int(found[1]) not in _GLIBC:
        raise InputError(
            f"{text!r} does not name a Python and an architecture; they look like cp311-aarch64, from cp39 to cp314, "
            "for aarch64, armv7l and x86_64"
        )
    return WheelTag(int(found[1]), found[2])


def _fetch(package: str, tag: WheelTag) -> tuple[dict[str, bytes], str]:
    with tempfile.TemporaryDirectory(prefix="edgecomp-wheels-") as name:
        folder = Path(name)
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
                *("--dest", folder, "--only-binary=:all:", "--no-deps", "--implementation", "cp"),
                *("--python-version", f"3.{tag.minor}", "--abi", f"cp3{tag.minor}"),
                *(part for platform in tag.platforms for part in ("--platform", platform)),
                package,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        files = {f"{WHEELS_FOLDER}/{path.name}": path.read_bytes() for path in folder.glob("*.whl")}
    errors = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
    return (files if ended.returncode == 0 else {}), (errors or ["it gave no reason"])[-1][:300]


def _debian_name(package: str) -> str:
    name = package.split("==")[0]
    return {"pillow": "python3-pil"}.get(name, f"python3-{name}")
