"""LiteRT.js, which runs .tflite files in browsers: installed once with npm, checked, and served from here ever after.

Its WebAssembly builds are 9 MB each and come from the npm registry; what is installed is exactly what `PACKAGES` names.
Its scripts are minified, since every thread reads a third of a megabyte otherwise, and the builds are compressed once,
so that a phone has them in a third of the time.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..cache import cache_folder, made_once
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

MINIFIER = Package(
    "esbuild-wasm",
    "0.28.2",
    "GccVwhv3mmOUVQHCQm2Ox/rby8n/EqUwvZxE6Pjfikrq/lWw9g9WX/u9EykWnpot3Ko6j426DgQdea2xWKIAQA==",
)
"""Runs once, at installation, and is not kept. Its WebAssembly edition is one package for all systems."""

BUILDS = ("litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_threaded_internal")
"""WebAssembly builds that the page can load: with relaxed SIMD, without it, and with threads."""

_MINIFIER_FILES = ("bin/esbuild", "esbuild.wasm", "wasm_exec.js", "wasm_exec_node.js")

_LAYOUT = 3
"""Of the folder; another number has it made anew."""

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


def compressed(folder: Path) -> dict[str, bytes]:
    """The WebAssembly builds as gzip has them, by the names of `file_names`."""
    names = (f"wasm/{build}.wasm" for build in BUILDS)
    return {name: (folder / f"{name}.gz").read_bytes() for name in names}


def _folder() -> Path:
    return cache_folder() / f"litertjs-{VERSION}-{_LAYOUT}"


def _install_into(folder: Path) -> None:
    core, utilities = (_fetch(package) for package in PACKAGES)
    index = _member(core, "dist/index.js")
    if index.count(_BARE_IMPORT) != 1:
        raise IntegrityError(f"@litertjs/core {VERSION} is not laid out as expected: its import is another")
    (folder / "wasm").mkdir(parents=True)
    scripts = {
        "index.js": index.replace(_BARE_IMPORT, _RELATIVE_IMPORT),
        "wasm_utils.js": _member(utilities, "dist/index.js"),
        **{f"wasm/{build}.js": _member(core, f"wasm/{build}.js") for build in BUILDS},
    }
    for name, script in _minified(scripts).items():
        (folder / name).write_bytes(script)
    for build in BUILDS:
        wasm = _member(core, f"wasm/{build}.wasm")
        (folder / f"wasm/{build}.wasm").write_bytes(wasm)
        (folder / f"wasm/{build}.wasm.gz").write_bytes(gzip.compress(wasm, 6, mtime=0))
    (folder / "NOTICE.txt").write_text(
        f"LiteRT.js {VERSION}: npm packages {', '.join(one.name for one in PACKAGES)}. Copyright Google LLC. "
        f"Licensed under the Apache License, Version 2.0 ({LICENSE}).\nChanged: index.js imports wasm_utils.js by its "
        f"path; the scripts are minified with esbuild {MINIFIER.version}. https://www.apache.org/licenses/LICENSE-2.0\n",
        encoding="utf-8",
    )


def _minified(scripts: dict[str, bytes]) -> dict[str, bytes]:
    node = shutil.which("node")
    if node is None:
        raise InputError("installing LiteRT.js needs Node.js, which is not here; install it and run it again")
    archive = _fetch(MINIFIER)
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        _write(room / "esbuild", {name: _member(archive, name) for name in _MINIFIER_FILES})
        _write(room / "in", scripts)
        options = ("--minify", "--legal-comments=inline", "--log-level=error", "--outbase=in", "--outdir=out")
        command = [node, "esbuild/bin/esbuild", *(f"in/{name}" for name in scripts), *options]
        try:
            done = subprocess.run(command, cwd=room, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise InputError(f"Node.js has not minified LiteRT.js within {_SECONDS} s; run it again") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[:200]
            raise InputError(f"LiteRT.js {VERSION} cannot be minified with this Node.js ({said}); install a newer one")
        return {name: (room / "out" / name).read_bytes() for name in scripts}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


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
