"""A home for models, bundles of three versions of one model, and a delta between two of it."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import Model
from edgecomp_runtime.contract import Contract

from edgecomp.bundle import Release, open_base
from edgecomp.bundle.archive import zip_bytes
from edgecomp.bundle.pack import Goldens, npz
from edgecomp.bundle.seal import seal
from edgecomp.tflite import read_tflite
from edgecomp.tflite.edit import with_constants

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


@dataclass(frozen=True)
class Deltas:
    """Unsigned bundles of the model "photo" as edgecomp makes them.

    Args:
        one: version 1, whole.
        two: version 2, whole; its last layer was trained anew.
        delta: version 2 as what differs from version 1.
    """

    one: Path
    two: Path
    delta: Path


@pytest.fixture
def seal_photo(
    tmp_path: Path, bundle_files: tuple[dict[str, bytes], Contract], manifest_of: Callable[..., dict[str, Any]]
) -> Callable[..., Path]:
    """Writes a bundle: `seal_photo("name.zip", files, version=2, base=Base(...))`."""
    contract = bundle_files[1]

    def write(name: str, files: dict[str, bytes], **release: Any) -> Path:
        described = {key: one for key, one in manifest_of(files, contract, {}).items() if key != "signature"}
        path = tmp_path / name
        path.write_bytes(seal(described, files, Release(**release)))
        return path

    return write


@pytest.fixture
def deltas(bundle_files: tuple[dict[str, bytes], Contract], seal_photo: Callable[..., Path]) -> Deltas:
    """See `Deltas`."""
    files, contract = bundle_files
    whole = {**files, "wheels/tools-1-py3-none-any.whl": zip_bytes({"tools.py": b"# unchanged"})}
    newer = {**whole, **_trained_anew(files, contract)}
    one = seal_photo("one.zip", _with_plain_goldens(whole), version=1)
    return Deltas(
        one=one,
        two=seal_photo("two.zip", newer, version=2),
        delta=seal_photo("delta.zip", newer, version=2, base=open_base(one)),
    )


def _with_plain_goldens(files: dict[str, bytes]) -> dict[str, bytes]:
    with np.load(io.BytesIO(files["golden.npz"])) as arrays:
        goldens = Goldens((arrays["input_0"],), (arrays["output_0"],), 2)
        return {**files, "golden.npz": npz(goldens)}


def _trained_anew(files: dict[str, bytes], contract: Contract) -> dict[str, bytes]:
    """The model with other values in its last layer, and its golden samples."""
    graph = read_tflite(files["model.tflite"]).main
    head = next(one for one in graph.tensors if one.is_constant and one.dtype == "int8" and one.shape == (4, 8))
    changed = np.rint(head.values() / 2).astype(np.int8)
    model = with_constants(files["model.tflite"], {head.index: changed})
    loaded = Model.load(model, preprocess=contract)
    with np.load(io.BytesIO(files["golden.npz"])) as arrays:
        inputs = arrays["input_0"]
    outputs = np.concatenate([loaded.run_stored([one[np.newaxis]])[0] for one in inputs])
    return {"model.tflite": model, "golden.npz": npz(Goldens((inputs,), (outputs,), 2))}
