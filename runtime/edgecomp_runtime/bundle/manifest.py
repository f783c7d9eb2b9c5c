"""What a bundle's `manifest.json` says, read and checked field by field. The format is described in docs/bundle.md."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from ..contract import Contract, ContractError
from ..errors import InputError, IntegrityError
from .limits import MAX_ENTRIES, MAX_TOTAL_BYTES, unpacks_to_too_much

FORMAT = 2
"""The latest version of the bundle format that this package reads."""

RESTORED_FORMAT = 2
"""The first in which a bundle may hold a file in a smaller form, or leave it to an older bundle."""

MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
SSH_SIGNATURE_FILE = "manifest.sshsig"
OWN_FILES = (MANIFEST_FILE, SIGNATURE_FILE, SSH_SIGNATURE_FILE)
"""What a bundle holds beside the files that its manifest lists."""

LAYOUT = "canonical"
"""What `layout` says of a zip of which every byte follows from the manifest and the files; see `canonical`."""

MAX_VERSION = 2**53 - 1
"""The largest whole number that every language's JSON keeps."""

# Each part of a path: no hidden files, no "..", nothing a shell or Windows reads as anything but a name.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_MAX_NAME = 200


@dataclass(frozen=True)
class Packed:
    """What a file is in the zip, where it is deflated.

    Args:
        sha256: of the compressed bytes: many streams unpack to one content, and only one of them is the bundle's.
        size: in bytes.
    """

    sha256: str
    size: int


@dataclass(frozen=True)
class Transport:
    """The transport form that a bundle holds in a file's place, as docs/transport.md describes it.

    Args:
        file: its name in the bundle.
        sha256: of the form, not of the file that it is restored to.
        size: in bytes.
        base: SHA-256 of the file that it is a delta to; None where it is whole.
    """

    file: str
    sha256: str
    size: int
    base: Optional[str] = None


@dataclass(frozen=True)
class FileEntry:
    """One file of a bundle.

    Args:
        name: its path in the bundle, parts separated by "/".
        sha256: of its contents, 64 hexadecimal digits.
        size: in bytes.
        packed: how it is deflated; None where it is stored as it is, and in bundles without a `layout`.
        transport: what it is sent as, or None.
        in_base: whether it is not sent at all, because an older bundle has the same file.
    """

    name: str
    sha256: str
    size: int
    packed: Optional[Packed] = None
    transport: Optional[Transport] = None
    in_base: bool = False

    @property
    def restored(self) -> bool:
        """Whether the file is not sent as it is."""
        return self.transport is not None or self.in_base

    @property
    def needed(self) -> Optional[str]:
        """SHA-256 of the file of an older bundle that it takes to restore this one, or None."""
        return self.sha256 if self.in_base else self.transport.base if self.transport is not None else None


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
class BaseEntry:
    """The older bundle that a delta bundle was made from.

    Args:
        name: of its model.
        version: of its model.
        sha256: of its model.
    """

    name: str
    version: int
    sha256: str


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
        version: counts the releases of this model; a lower one is older.
        latency_limit_ms: the median latency that a device must keep to, or None.
        canonical: whether every byte of the zip is laid down; only such bundles are signed.
        key: fingerprint of the key that signed it, or None.
        endorsement: what an older key says of that key, as written, or None; see `endorsement`.
        base: what a delta bundle is a delta to, or None.
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
    version: int = 0
    latency_limit_ms: Optional[float] = None
    canonical: bool = False
    key: Optional[str] = None
    endorsement: Optional[Mapping[str, Any]] = None
    base: Optional[BaseEntry] = None

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
    if isinstance(raw, dict) and raw.get("layout") not in (None, LAYOUT):
        raise InputError(
            f"the bundle's layout is {raw['layout']!r}, which this edgecomp-runtime cannot read; upgrade it"
        )
    try:
        return _manifest(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ContractError) as error:
        reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise IntegrityError(f"{MANIFEST_FILE} cannot be read: {reason}") from None


def is_safe_name(name: str) -> bool:
    """Whether a name is a plain relative path that stays inside the bundle on every system."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def is_fingerprint(text: str) -> bool:
    """Whether a text is the fingerprint of a key."""
    return _FINGERPRINT.fullmatch(text) is not None


def _manifest(raw: Any) -> Manifest:
    if not 1 <= _integer(raw["format"], "format") <= FORMAT:
        raise ValueError(f"format is {raw['format']}, not one from 1 to {FORMAT}")
    files = tuple(_file(name, entry) for name, entry in _mapping(raw["files"], "files").items())
    canonical, key = raw.get("layout") == LAYOUT, raw.get("key")
    base = _base(raw["base"]) if raw.get("base") is not None else None
    if (base is not None) != any(one.needed is not None for one in files):
        raise ValueError("base is given where no file is restored from it, or is missing")
    if any(one.restored for one in files) and not (canonical and raw["format"] >= RESTORED_FORMAT):
        raise ValueError(f"a bundle of format {raw['format']} cannot hold files in another form")
    if canonical:
        files = _checked_files(files)
        _check_shown(raw)
    if key is not None and not (canonical and is_fingerprint(_text(key, "key"))):
        raise ValueError(f"key is {key!r}, not the fingerprint of a key that signed a bundle of layout {LAYOUT}")
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
        version=_version(raw.get("version", 0)),
        latency_limit_ms=_limit(raw.get("latency_limit_ms")),
        canonical=canonical,
        key=key,
        endorsement=_mapping(raw["endorsement"], "endorsement") if raw.get("endorsement") is not None else None,
        base=base,
    )


def _check_shown(raw: Any) -> None:
    for field in ("name", "created_by", "target"):
        if not _text(raw[field], field).isprintable():  # a terminal would obey it
            raise ValueError(f"{field} has characters that cannot be shown")


def _checked_files(files: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The files in the order of their names, which is that of the zip."""
    paths = {name.lower() for name in OWN_FILES}
    if len(files) > MAX_ENTRIES - len(OWN_FILES):
        raise ValueError(f"there are {len(files)} files, more than the {MAX_ENTRIES - len(OWN_FILES)} there may be")
    if sum(one.size for one in files) > MAX_TOTAL_BYTES:
        raise ValueError(f"the files have more than {MAX_TOTAL_BYTES} bytes")
    for name in (name for one in files for name in ([one.name, one.transport.file] if one.transport else [one.name])):
        if name.lower() in paths:
            raise ValueError(f"{name} is there twice (upper and lower case are the same)")
        paths.add(name.lower())
    folders = {name[:end] for name in paths for end, letter in enumerate(name) if letter == "/"}
    if folders & paths:
        raise ValueError(f"{min(folders & paths)} is a file and a folder")
    return tuple(sorted(files, key=lambda one: one.name))


def _file(name: str, entry: Any) -> FileEntry:
    if not is_safe_name(name) or name in OWN_FILES:
        raise ValueError(f"{name!r} is not a name that a file of a bundle may have")
    digest, size = _digest_and_size(entry, name)
    forms = [key for key in ("packed", "transport", "in_base") if entry.get(key) not in (None, False)]
    if len(forms) > 1:
        raise ValueError(f"{name} is {forms[0]} and {forms[1]}")
    if entry.get("in_base") not in (None, False, True):
        raise TypeError(f"in_base of {name} is {entry['in_base']!r}, not true or false")
    if "packed" not in forms:
        transport = _transport(name, entry["transport"], size) if "transport" in forms else None
        return FileEntry(name, digest, size, transport=transport, in_base="in_base" in forms)
    packed = Packed(*_digest_and_size(entry["packed"], name))
    if unpacks_to_too_much(packed.size, size):
        raise ValueError(f"{name} would unpack from {packed.size} to {size} bytes")
    return FileEntry(name, digest, size, packed)


def _transport(name: str, entry: Any, restored: int) -> Transport:
    file, (digest, size) = _text(entry["file"], "file"), _digest_and_size(entry, name)
    if not is_safe_name(file) or file in OWN_FILES:
        raise ValueError(f"{file!r} is not a name that a file of a bundle may have")
    if entry.get("base") is not None:
        return Transport(file, digest, size, _digest(entry["base"], name))
    if unpacks_to_too_much(size, restored):
        raise ValueError(f"{name} would be restored from {size} to {restored} bytes")
    return Transport(file, digest, size)


def _base(raw: Any) -> BaseEntry:
    name = _text(raw["name"], "name")
    if not name.isprintable():
        raise ValueError("the name of the base has characters that cannot be shown")
    return BaseEntry(name, _version(raw["version"]), _digest(raw["sha256"], "the base"))


def _digest_and_size(entry: Any, name: str) -> tuple[str, int]:
    return _digest(entry["sha256"], name), _integer(entry["bytes"], "bytes")


def _digest(value: Any, name: str) -> str:
    digest = _text(value, "sha256")
    if not _SHA256.fullmatch(digest):
        raise ValueError(f"the sha256 of {name} is not 64 hexadecimal digits")
    return digest


def _version(value: Any) -> int:
    if _integer(value, "version") > MAX_VERSION:
        raise ValueError(f"version is {value}, more than {MAX_VERSION}")
    return int(value)


def _limit(value: Any) -> Optional[float]:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"latency_limit_ms is {value!r}, not a number of milliseconds")
    return float(value)


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
