"""The older bundle that a delta bundle builds on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from edgecomp_runtime.bundle.manifest import Manifest


@dataclass(frozen=True)
class Base:
    """A bundle that devices have.

    Args:
        manifest: as it was read.
        files: contents by name.
    """

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def model(self) -> bytes:
        """The .tflite."""
        return self.files[self.manifest.model]

    @property
    def goldens(self) -> bytes | None:
        """The golden samples as stored, or None."""
        return None if self.manifest.golden is None else self.files[self.manifest.golden.file]

    @cached_property
    def digests(self) -> frozenset[str]:
        """SHA-256 of each file."""
        return frozenset(map(_sha256, self.files.values()))

    def has(self, content: bytes) -> bool:
        """Whether one of its files is the same."""
        return _sha256(content) in self.digests

    def to_dict(self) -> dict[str, object]:
        """What a delta's manifest says of it."""
        return {"name": self.manifest.name, "version": self.manifest.version, "sha256": _sha256(self.model)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
