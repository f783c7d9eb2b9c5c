"""A file appears whole, or what was there stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edgecomp.bundle.writing import write_new
from edgecomp.errors import InputError


def test_a_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    write_new(path, b"one")
    with pytest.raises(InputError, match="--force"):
        write_new(path, b"two")
    assert path.read_bytes() == b"one"
    write_new(path, b"two", force=True)
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["bundle.zip"]


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_a_full_disk_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bundle.zip"
    write_new(path, b"one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(InputError, match="No space left"):
            write_new(path, b"two", force=True)
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["bundle.zip"]


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        write_new(tmp_path, b"")
    with pytest.raises(InputError, match="nothing can be written"):
        write_new(tmp_path / "none" / "bundle.zip", b"")
