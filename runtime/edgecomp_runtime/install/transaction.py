"""The one step in which a checked bundle becomes current.

Whatever stops it (a full disk, a power cut, a kill), the pointer names a bundle that is whole: the old one up to the
rename of the pointer, the new one from it on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from ..errors import IntegrityError
from ..storage import make_folder, move, remove, replace_file
from .state import STATE_FILE, State, read_state


def known_state(folder: Path) -> Optional[State]:
    """The releases in a model's folder; None where none was installed, or where nobody knows any more which.

    Raises:
        InputError: the pointer cannot be read.
    """
    try:
        return read_state(folder)
    except IntegrityError:  # an installation is what mends it
        return None


def publish(bundle: Path, folder: Path, state: State) -> None:
    """Moves a checked bundle to the model's folder and makes it the current one.

    Args:
        bundle: a flushed file on the same file system.
        folder: of the model; made if it is not there.
        state: what shall hold then; its current release is that file.

    Raises:
        OSError: it failed; what was current is current, unless it was the very last flush that failed.
    """
    make_folder(folder)
    try:
        move(bundle, folder / state.current.file)
        point_at(folder, state)
    except OSError:
        if known_state(folder) != state:
            remove_garbage(folder)
        raise
    remove_garbage(folder)


def point_at(folder: Path, state: State) -> None:
    """Switches the pointer.

    Args:
        folder: of the model; holds the files of the releases.
        state: what shall hold.

    Raises:
        OSError: see `publish`.
    """
    replace_file(folder / STATE_FILE, state.to_bytes())


def remove_garbage(folder: Path) -> None:
    """Removes what an installation that was stopped has left, and releases that nothing leads back to."""
    state = known_state(folder)
    if state is None:
        return
    kept = {STATE_FILE, state.current.file} | ({state.previous.file} if state.previous else set())
    for name in os.listdir(folder):
        if name not in kept:
            remove(folder / name)
