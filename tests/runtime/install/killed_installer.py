"""Installs or goes back again and again, each time killed one call later, and says what is there afterwards.

    python killed_installer.py HOME BUNDLE install|rollback

HOME is a home for models as it is before, BUNDLE what is installed. Prints a JSON line for every kill. All in one
process that forks: to start Python and an interpreter for each of them would take minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edgecomp_runtime import Model
from edgecomp_runtime.install import storage
from edgecomp_runtime.install.installing import Options, install, rollback
from edgecomp_runtime.install.status import status
from edgecomp_runtime.verify import verify
from faults import killed_at, watched

OPTIONS = Options(allow_unsigned=True)


def main(template: Path, bundle: Path, operation: str) -> None:
    storage._BLOCK_BYTES = max(bundle.stat().st_size // 40, 1)  # as many steps as a large bundle has
    home = template.with_name("killed")
    os.environ["EDGECOMP_HOME"] = str(home)
    Model.load(bundle)  # what is imported now is not imported in each child

    def act() -> None:
        if operation == "install":
            install(bundle, OPTIONS)
        else:
            rollback("photo")

    number, finished = 0, False
    while not finished:
        number += 1
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        child = os.fork()
        if child == 0:
            with watched(killed_at(number)):
                act()
            os._exit(0)
        finished = os.waitpid(child, 0)[1] == 0
        after_kill = look()
        install(bundle, OPTIONS)
        print(json.dumps({"finished": finished, **after_kill, "again": look(), "files": files(home)}), flush=True)


def look() -> dict[str, object]:
    """The model that an application gets, whether it computes what it must, and whether all is what was installed."""
    (found,) = status()
    model = Model.load("installed:photo")
    assert model.bundle is not None
    whole = not found.damage and not found.previous_damage
    return {"version": model.bundle.manifest.version, "verified": verify(model).passed, "whole": whole}


def files(home: Path) -> int:
    return len(list((home / "installed").rglob("*")))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
