"""Sets up the systems of CPUs beforehand: python -m edgecomp.emulate CPU ..."""

from __future__ import annotations

import sys

from rich.console import Console

from ..errors import EdgecompError
from ..progress import Steps
from .counter import counter
from .cpus import find_cpu
from .userland import userland


def main(names: list[str]) -> None:
    """Sets up what is missing for each CPU, and says where it is."""
    with Steps(Console(stderr=True)) as steps:
        for cpu in map(find_cpu, names):
            counter(cpu)
            print(f"{cpu.name}: {userland(cpu, steps).folder}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except EdgecompError as error:
        sys.exit(f"edgecomp.emulate: {error}")
