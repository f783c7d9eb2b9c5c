"""Installs or goes back again and again, each time killed one call later, and says what is there afterwards.

    python killed_installer.py HOME BUNDLE install|rollback|wheels

HOME is a home for models as it is before, BUNDLE what is installed; "wheels" lays out its Python packages, too. Prints
a JSON line for every kill. All in one process that forks: to start Python and an interpreter for each of them would
take minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parent))

import edgecomp_runtime.transport  # noqa: F401 - likewise
from edgecomp_runtime import Model, storage
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status
from edgecomp_runtime.verify import verify
from faults import CALLS, killed_at, watched

OPTIONS = Options(allow_unsigned=True)
WHEELS = Options(allow_unsigned=True, with_wheels=True)
WATCHED = {"install": CALLS, "rollback": CALLS, "wheels": (*CALLS, "sync", "rmdir")}


def main(template: Path, bundle: Path, operation: str) -> None:
    # As many steps as a large bundle has; where packages are laid out, copying is not what is looked at.
    storage._BLOCK_BYTES = max(bundle.stat().st_size // (4 if operation == "wheels" else 40), 1)
    home = template.with_name("killed")
    os.environ["EDGECOMP_HOME"] = str(template)
    Model.load("installed:photo")  # what is imported now is not imported in each child
    os.environ["EDGECOMP_HOME"] = str(home)
    shutil.copyfileobj = copy_in_parts  # type: ignore[assignment]
    os.sync = lambda: None  # nothing here outlives a power cut, and all disks of the machine would have to wait
    path = list(sys.path)

    def act() -> None:
        if operation == "rollback":
            rollback("photo")
        else:
            install(bundle, WHEELS if operation == "wheels" else OPTIONS)

    number, finished = 0, False
    while not finished:
        number += 1
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        for one in (home / "bin").glob("*"):
            one.write_text(one.read_text().replace(str(template), str(home)))
        child = os.fork()
        if child == 0:
            with watched(killed_at(number), WATCHED[operation]):
                act()
            os._exit(0)
        finished = os.waitpid(child, 0)[1] == 0
        after_kill = {**look(), "packages": packages(home)}
        install(bundle, WHEELS if operation == "wheels" else OPTIONS)
        sys.path[:] = path
        told = {"again": look(), "packages_again": packages(home), "files": files(home), "folders": folders(home)}
        print(json.dumps({"finished": finished, **after_kill, **told}), flush=True)


def look() -> dict[str, object]:
    """The model that an application gets, whether it computes what it must, and whether all is what was installed."""
    (found,) = status()
    model = Model.load("installed:photo")
    assert model.bundle is not None
    whole = not found.damage and not found.previous_damage
    return {"version": model.bundle.manifest.version, "verified": verify(model).passed, "whole": whole}


def copy_in_parts(source: IO[bytes], target: IO[bytes], _: int = 0) -> None:
    """What unpacks a wheel, in calls that are watched."""
    while part := source.read(40):
        os.write(target.fileno(), part)


def packages(home: Path) -> list[dict[str, str]]:
    """For each command that runs Python with packages, what Python finds there."""
    found = []
    for command in sorted(one for one in (home / "bin").glob("edgecomp-*") if one.suffix != ".new"):
        named = re.search(r'PYTHONPATH="([^"$]+)', command.read_text())
        assert named is not None
        found.append({one.name: one.read_text() for one in Path(named[1]).rglob("*") if one.is_file()})
    return found


def folders(home: Path) -> int:
    return len(list((home / "python").glob("*")))


def files(home: Path) -> int:
    return len(list((home / "installed").rglob("*")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
