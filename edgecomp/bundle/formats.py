"""What a bundle is handed out as: itself, a script that installs it, or a Debian package."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace

from edgecomp_runtime.bundle.manifest import MANIFEST_FILE, parse_manifest

from ..keys import SigningKey
from .debian import debian_package
from .install_sh import installer_script
from .repack import PackedModel
from .runtime_wheel import runtime_wheel

FORMATS = ("zip", "sh", "deb")


def with_packages(packed: PackedModel, wheels: Mapping[str, bytes]) -> PackedModel:
    """The same model with Python packages: the device package that is installed here, and wheels.

    Args:
        packed: see `open_packed`; wheels that it has go.
        wheels: contents by their names in the bundle.
    """
    name, content = runtime_wheel()
    kept = {key: one for key, one in packed.files.items() if not key.endswith(".whl")}
    return replace(packed, files={**kept, name: content, **wheels})


def with_runtime(packed: PackedModel) -> PackedModel:
    """The same model with the device package that is installed here, in place of any other; other wheels stay."""
    name, content = runtime_wheel()
    kept = {key: one for key, one in packed.files.items() if not key.startswith("edgecomp_runtime-")}
    return replace(packed, files={**kept, name: content})


def as_format(bundle: bytes, kind: str, sign: SigningKey | None, *, allow_unsigned: bool) -> bytes:
    """The file to hand out.

    Args:
        bundle: the bundle's zip.
        kind: one of `FORMATS`.
        sign: the key that signed it, or None.
        allow_unsigned: what installs it takes it although nobody signed it.

    Raises:
        InputError: nobody signed it, and that was not allowed; or it cannot be put into that form.
    """
    if kind == "zip":
        return bundle
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        manifest = parse_manifest(files.read(MANIFEST_FILE))
    if kind == "sh":
        return installer_script(bundle, manifest, allow_unsigned=allow_unsigned)
    return debian_package(bundle, manifest, sign.public if sign else None, allow_unsigned=allow_unsigned)
