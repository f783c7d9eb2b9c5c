"""Python packages from a bundle's wheels, for boards that have no network and no pip.

A wheel is a zip whose files lie as Python wants them; compiled modules cannot be loaded out of a zip, so they are
unpacked. The board's own Python stays as it is: commands in HOME/bin put the folder of packages first on its path.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import shlex
import shutil
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Optional

from ..bundle.manifest import FileEntry, Manifest, is_safe_name
from ..bundle.restore import FindFile, nowhere
from ..errors import InputError, IntegrityError
from ..machine import Machine, this_machine
from ..places import HOME_VARIABLE
from ..storage import flush_folder, make_folder, move, replace_file
from .wheel_tags import is_pure, wheel_fits

MAX_UNPACKED_BYTES = 2**30
_UNFINISHED = "unfinished"
_COMMANDS = {"edgecomp-python": "", "edgecomp-runtime": " -m edgecomp_runtime"}


def lay_out_packages(
    bundle: Path, manifest: Manifest, home: Path, machine: Optional[Machine] = None, find: FindFile = nowhere
) -> Path:
    """Unpacks the wheels of a bundle that fit this machine; Python finds their modules from then on.

    Args:
        bundle: its zip file, whose files were found to be what the manifest says.
        manifest: its manifest.
        home: the home for models.
        machine: None looks.
        find: finds wheels that are left to an older bundle.

    Returns:
        the folder of the packages; a folder that has once been made is used again.

    Raises:
        InputError: no wheel with compiled code fits, and this Python has no NumPy of its own; or a wheel is left to an
            older bundle that is not here.
        IntegrityError: a wheel is no zip, or would write outside its folder.
        OSError: the folder cannot be written.
    """
    chosen = choose_wheels(manifest, machine or this_machine())
    folder = home / "python" / _digest(chosen)
    if not folder.is_dir():
        _unpack_all(bundle, chosen, folder, find)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return folder


def choose_wheels(manifest: Manifest, machine: Machine) -> list[FileEntry]:
    """The wheels of a bundle that fit a machine.

    Raises:
        InputError: there are wheels with compiled code, none of them fits, and this Python has no NumPy of its own.
    """
    wheels = [one for one in manifest.files if one.name.endswith(".whl")]
    fitting = [one for one in wheels if wheel_fits(_file_name(one), machine)]
    compiled = [_file_name(one) for one in wheels if not is_pure(_file_name(one))]
    if compiled and all(is_pure(_file_name(one)) for one in fitting) and find_spec("numpy") is None:
        tags = sorted({"-".join(name[: -len(".whl")].split("-")[-3::2]) for name in compiled})
        raise InputError(
            f"the bundle brings packages for {', '.join(tags)}, and this is {machine}; make one for it with "
            f"--with-wheels cp{machine.python[0]}{machine.python[1]}-{machine.architecture}"
        )
    return fitting


def use_packages(folder: Path, home: Path) -> None:
    """Makes the commands in HOME/bin run with a folder of packages, and removes those that nothing needs any more.

    Args:
        folder: see `lay_out_packages`.
        home: the home for models.

    Raises:
        OSError: they cannot be written.
    """
    commands = home / "bin"
    make_folder(commands)
    before = {one for name in _COMMANDS for one in _named_in(commands / name, home)}
    for name, what in _COMMANDS.items():
        replace_file(commands / name, _command(folder, home, what).encode(), mode=0o755)
    # A program that is running may still be about to import from the folder it was started with.
    for one in (home / "python").iterdir():
        if one != folder and one not in before:
            shutil.rmtree(one, ignore_errors=True)


def _unpack_all(bundle: Path, wheels: Sequence[FileEntry], folder: Path, find: FindFile) -> None:
    unfinished = folder.with_name(_UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    make_folder(unfinished)
    try:
        with zipfile.ZipFile(bundle) as files:
            for one in wheels:
                with _stored(files, one, find) as stored, _opened_wheel(one.name, stored) as wheel:
                    _unpack(one.name, wheel, unfinished)
        # One flush of everything: thousands of small files, each flushed by itself, would take minutes on an SD card.
        os.sync()
        move(unfinished, folder)
        flush_folder(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _stored(files: zipfile.ZipFile, wheel: FileEntry, find: FindFile) -> IO[bytes]:
    if not wheel.in_base or wheel.name in files.namelist():
        return files.open(wheel.name)
    content = find(wheel.sha256)
    if content is None:
        raise InputError(f"{wheel.name} is left to an older bundle, which is not here; take the full bundle")
    return io.BytesIO(content)


def _opened_wheel(name: str, file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise IntegrityError(f"{name} is not a wheel ({error})") from None


def _unpack(name: str, wheel: zipfile.ZipFile, folder: Path) -> None:
    entries = [one for one in wheel.infolist() if not one.is_dir()]
    if sum(one.file_size for one in entries) > MAX_UNPACKED_BYTES:
        raise IntegrityError(f"{name} unpacks to more than {MAX_UNPACKED_BYTES} bytes")
    for one in entries:
        if not is_inside(one.filename):
            raise IntegrityError(f"{name} would write to {one.filename!r}, which is not in its folder")
        place = folder.joinpath(*one.filename.split("/"))
        place.parent.mkdir(parents=True, exist_ok=True)
        with wheel.open(one) as source, place.open("wb") as target:
            shutil.copyfileobj(source, target)


def is_inside(name: str) -> bool:
    """Whether a path in a wheel stays in the folder it is unpacked into."""
    return bool(name) and "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def _file_name(entry: FileEntry) -> str:
    assert is_safe_name(entry.name)
    return entry.name.rsplit("/", 1)[-1]


def _digest(wheels: Sequence[FileEntry]) -> str:
    lines = sorted(f"{one.sha256} {_file_name(one)}\n" for one in wheels)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _command(folder: Path, home: Path, what: str) -> str:
    return (
        "#!/bin/sh\n"
        f'export {HOME_VARIABLE}="${{{HOME_VARIABLE}:-{_in_quotes(home)}}}"\n'
        f'export PYTHONPATH="{_in_quotes(folder)}${{PYTHONPATH:+:$PYTHONPATH}}"\n'
        f'exec {shlex.quote(sys.executable or "python3")}{what} "$@"\n'
    )


def _in_quotes(path: Path) -> str:
    return "".join(f"\\{sign}" if sign in '\\"$`' else sign for sign in str(path))


def _named_in(command: Path, home: Path) -> list[Path]:
    """The folder of packages that a command was written for."""
    try:
        text = command.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [one for one in (home / "python").iterdir() if f'"{_in_quotes(one)}$' in text]
