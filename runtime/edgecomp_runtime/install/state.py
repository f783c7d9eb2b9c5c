"""What is installed under a name: the current bundle, the one before it, and what was found when they came."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Optional

from ..errors import InputError, IntegrityError

FORMAT = 2
"""The latest form of the pointer that this package reads; it writes the oldest that can say what is to be said."""

STATE_FILE = "state.json"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Release:
    """A bundle that was installed.

    Args:
        sha256: of the bundle's file, 64 hexadecimal digits.
        version: of the model, as its manifest says.
        key: fingerprint of the key that signed it, or None where it was not signed.
        installed: when, by this machine's clock: "2026-11-26T04:16:05Z".
        target: name of the device it was made for.
        verified: what the golden samples gave, as `Verification.to_dict` has it.
        restored: SHA-256 of what is kept of it, where it came in a smaller form; None where it is kept as it came.
    """

    sha256: str
    version: int
    key: Optional[str]
    installed: str
    target: str
    verified: dict[str, Any]
    restored: Optional[str] = None

    @property
    def file(self) -> str:
        """Name of its file in the model's folder."""
        return f"{self.sha256}.zip"

    @property
    def file_sha256(self) -> str:
        """SHA-256 of that file."""
        return self.restored or self.sha256

    def to_dict(self) -> dict[str, Any]:
        """The release as JSON-ready data."""
        return {key: value for key, value in asdict(self).items() if key != "restored" or value is not None}


@dataclass(frozen=True)
class State:
    """The releases of a model.

    Args:
        current: the one that is used.
        previous: the one before, which `rollback` goes back to; None where there is none.
    """

    current: Release
    previous: Optional[Release]

    def to_bytes(self) -> bytes:
        """What `state.json` holds."""
        releases = {"current": self.current, "previous": self.previous}
        told = {name: one.to_dict() if one else None for name, one in releases.items()}
        told_format = FORMAT if any(one and one.restored for one in releases.values()) else 1
        return json.dumps({"format": told_format, **told}, indent=1, sort_keys=True).encode() + b"\n"


def model_folder(home: Path, name: str) -> Path:
    """Where a model's releases are.

    Raises:
        InputError: the name cannot be that of a folder on every system.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be the name of an installed model: letters, digits and ._+- can, up to 100 of them, the "
            "first no sign"
        )
    return home / "installed" / name


def read_state(folder: Path) -> Optional[State]:
    """The releases in a model's folder, or None where none was installed.

    Raises:
        IntegrityError: the pointer is damaged.
        InputError: it cannot be read, or was written by a newer package.
    """
    path = folder / STATE_FILE
    try:
        raw = json.loads(path.read_bytes())
        if raw["format"] not in (1, FORMAT):
            raise InputError(f"{path}: is of format {raw['format']!r}, not up to {FORMAT}; upgrade edgecomp-runtime")
        return State(_release(raw["current"]), _release(raw["previous"]) if raw["previous"] is not None else None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{path}: is damaged ({error}); install the model again") from None


def _release(raw: Any) -> Release:
    release = Release(**raw)
    for digest in (release.sha256, release.file_sha256):
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError("a sha256 is not 64 hexadecimal digits")
    if isinstance(release.version, bool) or not isinstance(release.version, int):
        raise TypeError("a version is not a whole number")
    return release
