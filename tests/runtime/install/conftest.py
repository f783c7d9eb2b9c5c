"""A home for models, and bundles of three versions of one model."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for models, used by everything in the test."""
    place = tmp_path / "home"
    monkeypatch.setenv("EDGECOMP_HOME", str(place))
    return place


@pytest.fixture
def memory_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same in memory where there is such a place: hundreds of installations wait for no disk there."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        place = Path(folder) / "home"
        monkeypatch.setenv("EDGECOMP_HOME", str(place))
        yield place


@pytest.fixture
def versions(write_bundle: Write, tmp_path: Path) -> list[Path]:
    """Unsigned bundles of the versions 0, 1 and 2 of the model "photo"."""
    paths = []
    for version in range(3):
        made = write_bundle(changes={"version": version})
        paths.append(Path(shutil.move(made, tmp_path / f"version{version}.zip")))
    return paths
