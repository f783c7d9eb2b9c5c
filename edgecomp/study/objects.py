"""Files of a study under their own hashes: the same content is one file, whoever of the workers made it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..atomic import write_atomically
from ..errors import InputError, IntegrityError


class Objects:
    """A folder of files by SHA-256, and of results by the hash of what they are results of.

    Several processes and machines may use it at the same time.

    Args:
        folder: made when something is put there.
    """

    def __init__(self, folder: Path) -> None:
        self._files, self._results = folder / "objects", folder / "results"

    def put(self, content: bytes) -> str:
        """Keeps a file and returns its SHA-256 as hexadecimal digits.

        Raises:
            InputError: it cannot be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            _write(path, content)
        return digest

    def get(self, digest: str) -> bytes | None:
        """A file; None where it is not here.

        Raises:
            IntegrityError: it has changed since.
        """
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != digest:
            raise IntegrityError(f"{path} is damaged: its content does not have the hash it is named by; delete it")
        return content

    def result(self, key: str) -> Any:
        """What is remembered under a key; None where nothing that can be read is."""
        try:
            return json.loads((self._results / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def remember(self, key: str, result: Any) -> None:
        """Keeps a result, as JSON has it.

        Raises:
            InputError: it cannot be written.
        """
        _write(self._results / f"{key}.json", json.dumps(result, sort_keys=True).encode())

    def _path(self, digest: str) -> Path:
        return self._files / digest[:2] / digest[2:]


def key_of(*parts: Any) -> str:
    """A hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Writes a file, or says in plain words why not."""
    try:
        write_atomically(path, content)
    except OSError as error:
        raise InputError(f"{path.parent} cannot be written: {error.strerror or error}; make room there") from error
