"""The wheel of the runtime package that is installed here, made without a build tool.

The runtime is pure Python, so its wheel is its files and its metadata, laid out as the wheel format says
(https://packaging.python.org/specifications/binary-distribution-format/).
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path

import edgecomp_runtime

from .archive import zip_bytes


@cache
def runtime_wheel() -> tuple[str, bytes]:
    """File name and contents of the wheel; the same bytes for the same sources."""
    installed = distribution("edgecomp-runtime")
    version = installed.version
    info = f"edgecomp_runtime-{version}.dist-info"
    entries = {**_sources(), **_metadata(installed, info)}
    entries[f"{info}/RECORD"] = _record(entries, f"{info}/RECORD")
    return f"edgecomp_runtime-{version}-py3-none-any.whl", zip_bytes(entries)


def _sources() -> dict[str, bytes]:
    root = Path(edgecomp_runtime.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root.parent).as_posix(): path.read_bytes() for path in files}


def _metadata(installed: Distribution, info: str) -> dict[str, bytes]:
    entries = {
        f"{info}/METADATA": (installed.read_text("METADATA") or installed.read_text("PKG-INFO") or "").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: edgecomp\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    scripts = installed.read_text("entry_points.txt")
    if scripts:
        entries[f"{info}/entry_points.txt"] = scripts.encode()
    for file in installed.files or ():
        if len(file.parts) == 3 and file.parts[0].endswith(".dist-info") and file.parts[1] == "licenses":
            entries[f"{info}/licenses/{file.name}"] = file.read_binary()
    return entries


def _record(entries: dict[str, bytes], own_name: str) -> bytes:
    lines = []
    for name, content in entries.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    lines.append(f"{own_name},,")
    return ("\n".join(lines) + "\n").encode()
