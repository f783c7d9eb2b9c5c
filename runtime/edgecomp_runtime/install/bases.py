"""What a delta bundle builds on: files of the bundles that are installed here, found by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ..bundle.files import open_bundle_files
from ..bundle.manifest import Manifest
from ..bundle.restore import FindFile, nowhere, restored
from ..errors import EdgecompError, InputError
from .installed import installed_names
from .state import Release, model_folder, read_state


def installed_files(place: Path) -> FindFile:
    """Finds files in the current and previous bundles of every model; damaged ones count as not there.

    Args:
        place: the home for models.
    """

    def find(sha256: str) -> Optional[bytes]:
        return next((found for _, _, path in _releases(place) if (found := _file(path, sha256)) is not None), None)

    return find


def require_bases(manifest: Manifest, find: FindFile, place: Path) -> None:
    """Refuses a delta to what is not installed here.

    Args:
        manifest: of the delta bundle; any other passes.
        find: see `installed_files`.
        place: the home for models.

    Raises:
        InputError: a file that it builds on is missing; the message says what is installed and what to do.
    """
    if manifest.base is None or all(find(one.needed) is not None for one in manifest.files if one.needed is not None):
        return
    base = manifest.base
    own = [release.version for name, release, _ in _releases(place) if name == base.name]
    versions = " and ".join(str(one) for one in own)
    have = f"installed here: version {versions}" if own else "no version of it is installed here"
    raise InputError(
        f"the bundle holds only what differs from version {base.version} of {base.name} (its model: "
        f"{base.sha256[:12]}…), which is not here whole ({have}); install the full bundle"
    )


def _releases(place: Path) -> Iterator[tuple[str, Release, Path]]:
    for name in installed_names(place):
        folder = model_folder(place, name)
        try:
            state = read_state(folder)
        except EdgecompError:  # an installation is what mends it
            continue
        for release in (state.current, state.previous) if state is not None else ():
            if release is not None:
                yield name, release, folder / release.file


def _file(path: Path, sha256: str) -> Optional[bytes]:
    try:
        with open_bundle_files(path) as files:
            entry = next((one for one in files.manifest.files if one.sha256 == sha256), None)
            return None if entry is None else restored(files, entry, nowhere)
    except EdgecompError:
        return None
