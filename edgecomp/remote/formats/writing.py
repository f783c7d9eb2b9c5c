"""Putting the files of a format into a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, "bytes | Path"]
"""Contents by name; a path stands for the contents of that file."""


def write_files(files: Files, folder: Path) -> None:
    """Writes files into a folder that exists.

    Raises:
        OSError: one cannot be written.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)
