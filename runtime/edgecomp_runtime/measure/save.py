"""Keeps results: FILE.json for what was found, FILE.samples.npz beside it for the single times."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from .result import BenchResult


def samples_path(out: Path) -> Path:
    """Where the single times go that belong to a summary."""
    return out.with_name(f"{out.stem if out.suffix == '.json' else out.name}.samples.npz")


def require_free(out: Path, *, force: bool) -> None:
    """Refuses before anything is measured what could not be written after.

    Raises:
        InputError: the folder is not there or cannot be written to, or there are results already and `force` is False.
    """
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise InputError(f"{out}: the folder {out.parent} is not there or cannot be written to; name another")
    for path in (out, samples_path(out)):
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file for the results")
        if path.exists() and not force:
            raise InputError(f"{path}: is there already; --force replaces it")


def save(out: Path, summary: dict[str, Any], results: Sequence[BenchResult]) -> None:
    """Writes a summary and its samples, each of them whole or not at all; the summary comes last.

    The samples are compressed NumPy arrays: for the result at place n, `times_ms_n`, float32 [kept], all windows behind
    each other, and `windows_n`, int64 [windows], how many of them belong to each window.

    Args:
        out: path of the summary; the samples lie beside it.
        summary: JSON-ready; "samples" is added, with the name and hash of that file.
        results: whose times are kept.

    Raises:
        InputError: the files cannot be written; the message says why.
    """
    arrays: dict[str, Any] = {}
    for place, result in enumerate(results):
        arrays[f"times_ms_{place}"] = np.concatenate(result.samples).astype(np.float32)
        arrays[f"windows_{place}"] = np.array([len(one) for one in result.samples], np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    samples = buffer.getvalue()
    named = {"file": samples_path(out).name, "sha256": hashlib.sha256(samples).hexdigest()}
    text = json.dumps({**summary, "samples": named}, indent=2, allow_nan=False)
    try:
        _replace(samples_path(out), samples)
        _replace(out, f"{text}\n".encode())
    except OSError as error:
        raise InputError(f"{out}: the results cannot be written ({error.strerror})") from None


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
