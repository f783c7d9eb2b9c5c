"""Whether a bundle may come to this device at all, from what its manifest says."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from ..bundle.manifest import Manifest
from ..errors import InputError, IntegrityError
from .state import Release

TARGET_FILE = "target"
"""In the home for models: the name of the profile that this device is, where somebody has written it down."""


def check_version(manifest: Manifest, current: Optional[Release], allow_downgrade: bool) -> None:
    """Refuses what is older than what is there: it may have been replaced for a reason.

    Raises:
        IntegrityError: it is older.
    """
    if current is not None and manifest.version < current.version and not allow_downgrade:
        raise IntegrityError(
            f"version {manifest.version} of {manifest.name} is older than version {current.version}, which is "
            "installed; to go back to it all the same, say --allow-downgrade"
        )


def check_target(manifest: Manifest, home: Path) -> None:
    """Refuses what was made for another device, on a device that says which it is.

    Raises:
        InputError: it was made for another one.
    """
    try:
        own = (home / TARGET_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return
    if own and own != manifest.target:
        raise InputError(
            f"the bundle was made for {manifest.target}, and {home / TARGET_FILE} says that this is a {own}; convert "
            "the model for that target, or correct the file"
        )
