"""A bundle as a shell script that installs it: one file, one command, nothing on the board but Python."""

from __future__ import annotations

import hashlib
import json
import re
from importlib import resources

from edgecomp_runtime.bundle.manifest import Manifest

from ..errors import InputError

_TEMPLATE = "install.sh.in"
_PLACE = re.compile(r"@([A-Z0-9]+)@")
_PLAIN = re.compile(r"[^A-Za-z0-9._+ -]+")


def installer_script(bundle: bytes, manifest: Manifest, *, allow_unsigned: bool = False) -> bytes:
    """Text that checks and installs what follows it, followed by the bundle.

    Args:
        bundle: the bundle's zip.
        manifest: its manifest.
        allow_unsigned: the board takes it although nobody signed it.

    Raises:
        InputError: nobody signed it, and that was not allowed; or it holds no device package.
    """
    if manifest.key is None and not allow_unsigned:
        raise InputError(
            f"{manifest.name} is not signed, and a device would refuse it; sign it with --sign KEY, or say "
            "--allow-unsigned"
        )
    wheels = [one.name for one in manifest.files if one.name.startswith("edgecomp_runtime-")]
    if len(wheels) != 1:
        raise InputError(f"{manifest.name} holds no device package; edgecomp bundle --with-runtime puts it in")
    name = _PLAIN.sub("-", manifest.name)
    values = {
        "TITLE": f"the model {name}, version {manifest.version},",
        "FILE": f"{name}-{manifest.version}.sh".replace(" ", "-"),
        "BUNDLE": f"{name}-{manifest.version}.zip".replace(" ", "-"),
        "SHA256": hashlib.sha256(bundle).hexdigest(),
        "SIZE": str(len(bundle)),
        "WHEEL": wheels[0],
        "OPTIONS": json.dumps(["--allow-unsigned"] if manifest.key is None else []),
    }
    template = resources.files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    return _PLACE.sub(lambda found: values[found[1]], template).encode() + bundle
