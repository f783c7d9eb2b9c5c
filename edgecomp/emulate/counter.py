"""The plugin for qemu that counts instructions: its C source, compiled for the qemu that is here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..cache import cache_folder, made_once
from .commands import require_programs, run_command
from .cpus import Cpu

SOURCE = Path(__file__).with_name("instruction_count.c")

_OLD_API, _NEW_API = 1, 2
_NEW_API_FROM = 9
"""qemu 9.0 stopped loading plugins that ask for version 1 of its interface, and added version 2."""


def counter(cpu: Cpu) -> Path:
    """The shared library for qemu's option -plugin.

    Raises:
        InputError: there is no qemu or compiler.
    """
    require_programs([cpu.emulator, "gcc"])
    api = _api_version(run_command("asking qemu for its version", [cpu.emulator, "--version"]))
    source = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    library = cache_folder() / "emulate" / f"instruction_count-{source}-api{api}.so"
    return made_once(library, lambda unfinished: _compile(unfinished, api))


def _api_version(banner: str) -> int:
    found = re.search(r"version (\d+)\.", banner)
    return _NEW_API if found and int(found[1]) >= _NEW_API_FROM else _OLD_API


def _compile(library: Path, api: int) -> None:
    command: list[str | Path] = [
        "gcc",
        "-O2",
        "-fPIC",
        "-shared",
        f"-DAPI_VERSION={api}",
        "-x",
        "c",
        SOURCE,
        "-o",
        library,
    ]
    run_command("compiling the instruction counter", command)
