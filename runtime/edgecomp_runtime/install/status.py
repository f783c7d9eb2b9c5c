"""What is installed on this device, and whether it still is what was installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..errors import EdgecompError, InputError
from ..hashes import file_sha256
from .installed import installed, installed_names, search_homes
from .state import Release, State


@dataclass(frozen=True)
class Status:
    """An installed model.

    Args:
        name: of the model.
        home: the home for models that it is in.
        state: its releases; None where the pointer is damaged.
        damage: what is wrong with the current bundle, or "".
        previous_damage: what is wrong with the one before, or "".
    """

    name: str
    home: Path
    state: Optional[State]
    damage: str = ""
    previous_damage: str = ""

    def __str__(self) -> str:
        if self.state is None:
            return f"{self.name}: {self.damage}"
        lines = [f"{self.name}: {_line(self.state.current)}"]
        if self.damage:
            lines.append(f"  DAMAGED: {self.damage}; go back with: edgecomp-runtime rollback {self.name}")
        if self.state.previous is not None:
            damage = f", DAMAGED: {self.previous_damage}" if self.previous_damage else ""
            lines.append(f"  before: {_line(self.state.previous)}{damage}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON-ready data."""
        current = self.state.current if self.state else None
        previous = self.state.previous if self.state else None
        return {
            "name": self.name,
            "home": str(self.home),
            "current": {**current.to_dict(), "damage": self.damage or None} if current else None,
            "previous": {**previous.to_dict(), "damage": self.previous_damage or None} if previous else None,
            "damage": self.damage or None,
        }


def status(name: Optional[str] = None) -> list[Status]:
    """Looks at installed models, and reads their files once.

    Args:
        name: the only one to look at; None looks at all.

    Raises:
        InputError: none of that name is installed, or the folder cannot be read.
    """
    if name is not None:
        installed_in = [place for place in search_homes() if name in installed_names(place)]
        if not installed_in:
            raise InputError(
                f"no model {name!r} is installed in {' or '.join(map(str, search_homes()))}; "
                "leave the name out to see what is"
            )
        return [_status(name, installed_in[0])]
    seen: dict[str, Path] = {}
    for place in search_homes():
        for one in installed_names(place):
            seen.setdefault(one, place)
    return [_status(one, place) for one, place in sorted(seen.items())]


def _status(name: str, place: Path) -> Status:
    try:
        found = installed(name)
    except EdgecompError as error:
        return Status(name, place, None, str(error))
    state, folder = found.state, found.folder
    previous = _damage(folder, state.previous) if state.previous else ""
    return Status(name, place, state, _damage(folder, state.current), previous)


def _damage(folder: Path, release: Release) -> str:
    try:
        found = file_sha256(folder / release.file)
    except OSError as error:
        return f"{release.file} cannot be read ({error.strerror or error})"
    return "" if found == release.file_sha256 else f"{release.file} is not what was installed"


def _line(release: Release) -> str:
    signer = release.key or "nobody"
    return f"version {release.version}, {release.sha256[:12]}, signed by {signer}, installed {release.installed}"
