"""Small signed bundles, and a way to lay out a zip that says what no writer of ours would."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.bundle.zip_format import DEFLATED, STORED, ZipEntry, directory, local_header

from edgecomp.bundle.seal import Release, seal
from edgecomp.keys import SigningKey, new_key, open_key

CONTRACT = {
    "preprocess": "none",
    "inputs": [{"name": "x", "shape": [1, 4], "dtype": "float32", "mean": [0.0], "std": [1.0]}],
    "outputs": [{"name": "y", "shape": [1, 2], "kind": "classification", "activation": "none", "labels": ["a", "b"]}],
}
DESCRIBED: dict[str, Any] = {
    "format": 1,
    "name": "tiny",
    "created_by": "edgecomp 0.1.0",
    "target": "linux-x86-64",
    "scheme": "int8",
    "io": "int8",
    "model": "model.tflite",
    "contract": CONTRACT,
    "golden": None,
    "verified_with": {},
    "measured": {},
}
FILES = {
    "labels.txt": b"a\nb\n",
    "model.tflite": bytes(range(256)) * 8 + b"compresses well " * 40,
    "wheels/noise.whl": bytes((index * index * 7919 + index) >> 3 & 255 for index in range(700)),
}


@dataclass(frozen=True)
class RawEntry:
    """One entry of a zip, as its headers state it, and what really is there."""

    name: str
    content: bytes
    deflated: bool = False
    stored: bytes | None = None
    header: dict[str, int] = field(default_factory=dict)

    @property
    def in_zip(self) -> bytes:
        """The bytes between the headers."""
        if self.stored is not None:
            return self.stored
        return _deflated(self.content) if self.deflated else self.content

    @property
    def entry(self) -> ZipEntry:
        """What the headers state."""
        method = DEFLATED if self.deflated else STORED
        right = ZipEntry(self.name, method, zlib.crc32(self.content), len(self.in_zip), len(self.content))
        return replace(right, **self.header)


def lay_out(entries: Iterable[RawEntry]) -> bytes:
    """A zip of these entries in the canonical form, whether or not their manifest allows them."""
    entries = list(entries)
    parts = [local_header(one.entry) + one.in_zip for one in entries]
    return b"".join([*parts, directory([one.entry for one in entries])])


def taken_apart(bundle: bytes) -> list[RawEntry]:
    """The entries of a canonical zip; `lay_out` puts them together again."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return [RawEntry(one.filename, archive.read(one), one.compress_type == DEFLATED) for one in archive.infolist()]


def with_manifest(bundle: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The same zip with another manifest; its signatures, if any, are left as they are."""
    entries = taken_apart(bundle)
    manifest = json.loads(entries[0].content)
    change(manifest)
    entries[0] = replace(entries[0], content=json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n")
    return lay_out(entries)


def _deflated(content: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(content) + deflate.flush()


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """A key that the device of a test trusts."""
    return open_key(new_key(tmp_path_factory.mktemp("keys"), "factory")[0])


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """A key that nobody has heard of."""
    return open_key(new_key(tmp_path_factory.mktemp("keys"), "other")[0])


@pytest.fixture(scope="session")
def signed(signing_key: SigningKey) -> bytes:
    """A signed bundle's zip."""
    return seal(DESCRIBED, FILES, Release(version=3, sign=signing_key))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a bundle to a file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "bundle.zip"
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def sealed(write: Callable[[bytes], Path]) -> Callable[..., Path]:
    """Writes a small bundle: `sealed(sign=key, version=2)`."""

    def sealed(described: Mapping[str, Any] | None = None, **release: Any) -> Path:
        return write(seal({**DESCRIBED, **(described or {})}, FILES, Release(**release)))

    return sealed


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A device's home for models, empty and not yet made."""
    home = tmp_path / "device"
    monkeypatch.setenv("EDGECOMP_HOME", str(home))
    return home
