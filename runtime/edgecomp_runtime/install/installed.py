"""What applications ask of installed models: where the current bundle is, and whether it is another one by now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..places import HOME_VARIABLE, SYSTEM_HOME, home
from .state import STATE_FILE, State, model_folder, read_state

PREFIX = "installed:"
"""What the name of an installed model begins with where a path could stand as well."""


@dataclass(frozen=True)
class Installed:
    """An installed model as it was when somebody looked. Made by `installed`.

    Args:
        name: of the model.
        folder: where its releases are.
        state: its releases.
        mark: what the system says about the pointer file; another one means that it was replaced.
    """

    name: str
    folder: Path
    state: State
    mark: tuple[int, ...]

    @property
    def path(self) -> Path:
        """The current bundle's file."""
        return self.folder / self.state.current.file

    @property
    def changed(self) -> bool:
        """Whether another bundle has become current since; costs one look at a file's dates, so ask often.

        False as well where the model is gone or cannot be read: there is nothing newer to load then.
        """
        if _mark(self.folder) == self.mark:
            return False
        try:
            state = read_state(self.folder)
        except Exception:
            return False
        return state is not None and state.current.sha256 != self.state.current.sha256


def installed(name: str) -> Installed:
    """Finds an installed model: in this user's home for models, else in the system's.

    Raises:
        InputError: none of that name is installed.
        IntegrityError: its pointer is damaged.
    """
    name = name[len(PREFIX) :] if name.startswith(PREFIX) else name
    homes = search_homes()
    for place in homes:
        folder = model_folder(place, name)
        mark = _mark(folder)  # before reading, so that a change in between is noticed
        state = read_state(folder)
        if state is not None:
            return Installed(name, folder, state, mark)
    raise InputError(
        f"no model {name!r} is installed in {' or '.join(map(str, homes))}; run: edgecomp-runtime install BUNDLE"
    )


def search_homes() -> tuple[Path, ...]:
    """Where installed models are looked for, in this order."""
    own = home()
    if os.environ.get(HOME_VARIABLE) or own == SYSTEM_HOME:
        return (own,)
    return (own, SYSTEM_HOME)


def installed_names(place: Path) -> list[str]:
    """Names of the models in a home, sorted."""
    folder = place / "installed"
    try:
        return sorted(
            entry.name for entry in os.scandir(folder) if os.path.exists(os.path.join(entry.path, STATE_FILE))
        )
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from None


def _mark(folder: Path) -> tuple[int, ...]:
    try:
        found = os.stat(os.path.join(folder, STATE_FILE))
    except OSError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)
