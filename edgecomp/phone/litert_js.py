"""LiteRT.js, which runs .tflite files in browsers: installed once with npm, checked, and served from here ever after.

Its WebAssembly builds are 9 MB each and come from the npm registry; what is installed is exactly what `PACKAGES` names.
"""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..emulate.cache import cache_folder, made_once
from ..errors import InputError, IntegrityError

VERSION = "2.5.3"

LICENSE = "Apache-2.0"


@dataclass(frozen=True)
class Package:
    """A package of the npm registry.

    Args:
        name: in the registry.
        version: exactly this one.
        sha512: of its archive, in Base64, as `npm view NAME@VERSION dist.integrity` shows it.
    """

    name: str
    version: str
    sha512: str


PACKAGES = (
    Package(
        "@litertjs/core",
        VERSION,
        "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
    ),
    Package(
        "@litertjs/wasm-utils",
        VERSION,
        "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
    ),
)

BUILDS = ("litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_threaded_internal")
"""WebAssembly builds that the page can load: with relaxed SIMD, without it, and with threads."""

_MOST_BYTES = 2**28
_SECONDS = 300

# A browser does not know where a package of this name lies; the file beside does.
_BARE_IMPORT = b'from "@litertjs/wasm-utils"'
_RELATIVE_IMPORT = b'from "./wasm_utils.js"'


def installed() -> Path | None:
    """The folder with LiteRT.js, or None where it has not been installed."""
    folder = _folder()
    return folder if folder.is_dir() else None


def require_installed() -> Path:
    """The folder with LiteRT.js.

    Raises:
        InputError: it has not been installed.
    """
    found = installed()
    if found is None:
        raise InputError(
            f"LiteRT.js {VERSION}, which runs the model in the browser, is not installed; "
            "install it once with: edgecomp phone --install (needs npm and its registry)"
        )
    return found


def install() -> Path:
    """Fetches LiteRT.js with npm into the cache folder; does nothing where it is there.

    Returns:
        the folder.

    Raises:
        InputError: npm is missing, or the registry cannot be reached.
        IntegrityError: what came is not what was asked for.
    """
    return made_once(_folder(), _install_into)


def file_names() -> tuple[str, ...]:
    """The files of the folder, as the page asks for them."""
    wasm = tuple(f"wasm/{build}.{ending}" for build in BUILDS for ending in ("js", "wasm"))
    return ("index.js", "wasm_utils.js", "NOTICE.txt", *wasm)


def _folder() -> Path:
    return cache_folder() / f"litertjs-{VERSION}"


def _install_into(folder: Path) -> None:
    core, utilities = (_fetch(package) for package in PACKAGES)
    index = _member(core, "dist/index.js")
    if index.count(_BARE_IMPORT) != 1:
        raise IntegrityError(f"@litertjs/core {VERSION} is not laid out as expected: its import is another")
    (folder / "wasm").mkdir(parents=True)
    (folder / "index.js").write_bytes(index.replace(_BARE_IMPORT, _RELATIVE_IMPORT))
    (folder / "wasm_utils.js").write_bytes(_member(utilities, "dist/index.js"))
    for build in BUILDS:
        for ending in ("js", "wasm"):
            name = f"wasm/{build}.{ending}"
            (folder / name).write_bytes(_member(core, name))
    (folder / "NOTICE.txt").write_text(
        f"LiteRT.js {VERSION}: npm packages {', '.join(one.name for one in PACKAGES)}. Copyright Google LLC. "
        f"Licensed under the Apache License, Version 2.0 ({LICENSE}).\nChanged: index.js imports wasm_utils.js by its "
        "path. https://www.apache.org/licenses/LICENSE-2.0\n",
        encoding="utf-8",
    )


def _fetch(package: Package) -> bytes:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError("installing LiteRT.js needs npm, which is not here; install Node.js and run it again")
    named = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", named, "--silent", "--ignore-scripts", "--pack-destination", folder]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise InputError(f"npm did not bring {named} within {_SECONDS} s; check the network") from None
        archives = sorted(Path(folder).glob("*.tgz"))
        if done.returncode or len(archives) != 1:
            said = done.stderr.strip().splitlines()
            raise InputError(f"npm cannot bring {named}: {said[0][:200] if said else 'it does not say why'}")
        data = archives[0].read_bytes()
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != package.sha512:
        raise IntegrityError(f"{named} is not the archive that edgecomp was made for (its SHA-512 is another)")
    return data


def _member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        try:
            member = tar.getmember(f"package/{name}")
        except KeyError:
            raise IntegrityError(f"LiteRT.js {VERSION} has no {name}") from None
        file = tar.extractfile(member)
        if file is None or member.size > _MOST_BYTES:
            raise IntegrityError(f"LiteRT.js {VERSION}: {name} is no plain file")
        return file.read()
