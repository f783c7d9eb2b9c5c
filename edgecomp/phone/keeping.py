"""Files what phones found: each result by itself, and all of them in the report beside the bundle."""

from __future__ import annotations

import datetime
import json
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from ..report.devices import Merged, device_entry, merge_into
from .result import PhoneResult

FOLDER = "phones"


def keep(result: PhoneResult, folder: Path) -> Path:
    """Writes a result to a new file, named after the device; nothing that is there is touched.

    Args:
        result: a benchmark.
        folder: is made where it is missing.

    Raises:
        InputError: it cannot be written.
    """
    stem = re.sub(r"[^a-z0-9.]+", "-", result.name.lower()).strip("-.")[:100] or "phone"
    text = json.dumps(result.bench, indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write_new(folder, stem, text.encode())
    except OSError as error:
        raise InputError(
            f"the result cannot be written to {folder} ({error.strerror or error}); name another --out"
        ) from error


def merge(result: PhoneResult, beside: Path, model_sha256: str) -> Merged | None:
    """Puts a result into the report of the conversion.

    Args:
        result: a benchmark.
        beside: the folder of the bundle.
        model_sha256: of its .tflite.

    Returns:
        what became of the report; None where there is none.
    """
    at = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    entry = device_entry(host=result.name, at=at, bench=result.bench, verified=result.verified, installed=None)
    return merge_into(beside, [entry], model_sha256)


def _write_new(folder: Path, stem: str, data: bytes) -> Path:
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".result.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        number = 1
        while True:
            path = folder / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
            try:
                os.link(temporary, path)  # fails where the name is taken, unlike a rename
                return path
            except FileExistsError:
                number += 1
    finally:
        with suppress(OSError):
            os.unlink(temporary)
