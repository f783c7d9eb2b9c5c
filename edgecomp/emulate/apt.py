"""Fetching a distribution's packages for another architecture, without touching the system's own package database."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .commands import run_command

SOURCES = Path("/etc/apt")


def unpack_packages(names: Sequence[str], architecture: str, root: Path, sources: Path = SOURCES) -> None:
    """Lays out packages, and all that they depend on, in a folder.

    apt works on a state of its own in which nothing is installed yet, so that it names every dependency, by the names
    of this very release. Nothing that packages would run on installation is run.

    Args:
        names: the packages.
        architecture: as Debian calls it.
        root: the folder; made if it is not there.
        sources: the folder that says where this system gets its packages.

    Raises:
        InputError: this system's sources do not have them, or cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="edgecomp-apt-") as name:
        state = Path(name)
        apt = _private_apt(state, architecture, _own_sources(sources))
        wanted = f"fetching {architecture} packages from this system's package sources"
        try:
            run_command(wanted, [*apt, "update"])
        except InputError:
            # One list may be in the middle of a renewal on its server while the others will do.
            if not any((state / "lists").glob("*_Packages*")):
                raise
        run_command(wanted, [*apt, "install", "--yes", "--download-only", "--no-install-recommends", *names])
        root.mkdir(parents=True, exist_ok=True)
        for package in sorted((state / "archives").glob("*.deb")):
            run_command(f"unpacking {package.name}", ["dpkg-deb", "--extract", package, root])


def _own_sources(folder: Path) -> list[Path]:
    """The distribution's own lists; those of others seldom have packages for other architectures."""
    own = [folder / "sources.list", *(folder / f"sources.list.d/{name}.sources" for name in ("debian", "ubuntu"))]
    every = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for candidates in (own, every):
        found = [path for path in candidates if path.is_file() and path.stat().st_size]
        if found:
            return found
    raise InputError(
        f"there are no package sources in {folder} to fetch ARM packages from; use Debian or Ubuntu, or a container"
    )


def _private_apt(state: Path, architecture: str, sources: Sequence[Path]) -> list[str | Path]:
    for folder in ("lists/partial", "archives/partial", "sources", "preferences"):
        (state / folder).mkdir(parents=True)
    for source in sources:
        # apt takes files in a folder of sources by their suffix.
        (state / "sources" / source.name).write_bytes(source.read_bytes())
    (state / "status").touch()
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures::": architecture,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": state / "sources",
        "Dir::Etc::preferencesparts": state / "preferences",
    }
    return ["apt-get", "--quiet", *(part for key, value in options.items() for part in ("-o", f"{key}={value}"))]
