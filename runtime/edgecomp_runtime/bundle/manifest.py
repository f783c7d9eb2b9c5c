"""What a bundle's `manifest.json` says, read and checked field by field. The format is described in docs/bundle.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

from ..contract import Contract, ContractError
from ..errors import InputError, IntegrityError

FORMAT = 1
"""The version of the bundle format that this package reads."""

MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"

# Each part of a path: no hidden files, no "..", nothing a shell or Windows reads as anything but a name.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_NAME = 200


@dataclass(frozen=True)
class FileEntry:
    """One file of a bundle.

    Args:
        name: its path in the bundle, parts separated by "/".
        sha256: of its contents, 64 hexadecimal digits.
        size: in bytes.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class GoldenEntry:
    """Where a bundle's golden inputs and outputs are and how exactly they are to be met.

    Args:
        file: the .npz file.
        samples: how many.
        tolerance_steps: largest allowed difference, in quantization steps, where exactness is not promised.
        exact_on: the engine on which, with XNNPACK, outputs must be equal; "" where no engine promises that.
    """

    file: str
    samples: int
    tolerance_steps: int
    exact_on: str


@dataclass(frozen=True)
class Manifest:
    """What a bundle says about itself.

    Args:
        name: of the model.
        created_by: program and version that wrote it.
        target: name of the device it was made for.
        model: name of the .tflite file.
        scheme: "int8", "float32", "float16", "dynamic", "int16x8", "int4" or "dynamic4".
        io: "int8" or "float": the dtype at the model's edges.
        files: every file of the bundle except the manifest and its signature.
        contract: preprocessing and meaning of the outputs.
        golden: the golden samples, or None.
        verified_with: engine, version, machine and xnnpack with which it was verified, as written.
        measured: latency and accuracy as measured, as written.
    """

    name: str
    created_by: str
    target: str
    model: str
    scheme: str
    io: str
    files: tuple[FileEntry, ...]
    contract: Contract
    golden: Optional[GoldenEntry]
    verified_with: Mapping[str, Any]
    measured: Mapping[str, Any]

    def entry(self, name: str) -> Optional[FileEntry]:
        """The entry of a file, or None where the bundle has no such file."""
        return next((one for one in self.files if one.name == name), None)


def parse_manifest(data: bytes) -> Manifest:
    """Reads a manifest.

    Args:
        data: the contents of `manifest.json`.

    Raises:
        InputError: it is of a format that this package does not know.
        IntegrityError: it is no manifest, or a field is missing or wrong.
    """
    try:
        raw = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{MANIFEST_FILE} is not JSON ({error})") from None
    if isinstance(raw, dict) and isinstance(raw.get("format"), int) and raw["format"] > FORMAT:
        raise InputError(
            f"the bundle is of format {raw['format']}, this edgecomp-runtime reads up to {FORMAT}; upgrade it"
        )
    try:
        return _manifest(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ContractError) as error:
        reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise IntegrityError(f"{MANIFEST_FILE} cannot be read: {reason}") from None


def is_safe_name(name: str) -> bool:
    """Whether a name is a plain relative path that stays inside the bundle on every system."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def _manifest(raw: Any) -> Manifest:
    if _integer(raw["format"], "format") != FORMAT:
        raise ValueError(f"format is {raw['format']}, not {FORMAT}")
    files = tuple(_file(name, entry) for name, entry in _mapping(raw["files"], "files").items())
    listed = {one.name for one in files}
    golden = _golden(raw["golden"]) if raw.get("golden") is not None else None
    for name in [_text(raw["model"], "model")] + ([golden.file] if golden else []):
        if name not in listed:
            raise ValueError(f"{name} is not listed in files")
    return Manifest(
        name=_text(raw["name"], "name"),
        created_by=_text(raw["created_by"], "created_by"),
        target=_text(raw["target"], "target"),
        model=raw["model"],
        scheme=_text(raw["scheme"], "scheme"),
        io=_text(raw["io"], "io"),
        files=files,
        contract=Contract.from_dict(raw["contract"]),
        golden=golden,
        verified_with=_mapping(raw.get("verified_with") or {}, "verified_with"),
        measured=_mapping(raw.get("measured") or {}, "measured"),
    )


def _file(name: str, entry: Any) -> FileEntry:
    if not is_safe_name(name) or name in (MANIFEST_FILE, SIGNATURE_FILE):
        raise ValueError(f"{name!r} is not a name that a file of a bundle may have")
    digest, size = _text(entry["sha256"], "sha256"), _integer(entry["bytes"], "bytes")
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"the sha256 of {name} is not 64 hexadecimal digits")
    return FileEntry(name, digest, size)


def _golden(raw: Any) -> GoldenEntry:
    return GoldenEntry(
        file=_text(raw["file"], "golden file"),
        samples=_integer(raw["samples"], "golden samples"),
        tolerance_steps=_integer(raw["tolerance_steps"], "golden tolerance_steps"),
        exact_on=_text(raw.get("exact_on") or "", "golden exact_on"),
    )


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is given twice")
    return made


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{name} is not an object")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, not a text")
    return value


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{name} is {value!r}, not a whole number of 0 or more")
    return value
