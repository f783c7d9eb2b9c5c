"""Where a training stands, in one file that is whole or not there at all.

The file: one line of text (what it is, its version, the SHA-256 of the rest), then an .npz of the arrays and of one
JSON text. It is written beside its place, synced to disk, and renamed: a kill at any moment leaves the one before.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

MAGIC = "edgecomp-training 1"


@dataclass(frozen=True, eq=False)
class State:
    """Where a training stands.

    Args:
        identity: what it is a training of: digests by what they are of ("network", "examples", ...).
        facts: JSON-ready: what was planned and what has happened.
        arrays: lists of arrays by name: the network's variables, the optimizer's, the best weights so far.
    """

    identity: Mapping[str, str]
    facts: Mapping[str, Any]
    arrays: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)


def save(path: Path, state: State) -> None:
    """Writes a state.

    Raises:
        InputError: it cannot be written.
    """
    text = json.dumps({"identity": dict(state.identity), "facts": dict(state.facts)})
    named = {f"{name}/{i}": one for name, arrays in state.arrays.items() for i, one in enumerate(arrays)}
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, json=np.frombuffer(text.encode(), np.uint8), **named)
    content = packed.getvalue()
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(f"{MAGIC} {hashlib.sha256(content).hexdigest()}\n".encode())
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            f"the checkpoint {path} cannot be written: {error.strerror or error}; make room or name another place"
        ) from error


def load(path: Path, identity: Mapping[str, str]) -> State | None:
    """Reads a state.

    Args:
        path: where it may be.
        identity: of the training that wants to go on.

    Returns:
        None where there is no file.

    Raises:
        InputError: it is damaged, is no checkpoint, or is one of another training; the message says what differs.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"the checkpoint {path} cannot be read: {error.strerror or error}") from error
    line, _, content = whole.partition(b"\n")
    if not line.startswith(MAGIC.encode()):
        raise InputError(f"{path} is no checkpoint of this version; remove it to train from the start")
    if line != f"{MAGIC} {hashlib.sha256(content).hexdigest()}".encode():
        raise InputError(f"the checkpoint {path} is damaged; remove it to train from the start")
    state = _unpacked(content)
    other = [name for name, digest in identity.items() if state.identity.get(name) != digest]
    if other:
        raise InputError(
            f"the checkpoint {path} belongs to another training: it differs in {' and '.join(other)}. Give what it was "
            "started with to go on, or remove it to train from the start"
        )
    return state


def forget_others(path: Path, identity: Mapping[str, str]) -> None:
    """Removes a checkpoint that is damaged or of another training."""
    try:
        load(path, identity)
    except InputError:
        path.unlink(missing_ok=True)


def _unpacked(content: bytes) -> State:
    arrays: dict[str, list[np.ndarray]] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        said = json.loads(bytes(stored["json"]).decode())
        for key in stored.files:
            if key != "json":  # in the order in which they were saved
                arrays.setdefault(key.rpartition("/")[0], []).append(stored[key])
    return State(said["identity"], said["facts"], arrays)


def _sync_folder(folder: Path) -> None:
    """Makes the renaming last: the name of a file is part of its folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
