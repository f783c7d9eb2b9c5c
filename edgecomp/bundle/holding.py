"""In which form a bundle holds a file: as it is, deflated, in its transport form, or not at all.

Whatever is smallest; where little is gained, the form that takes less to read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from edgecomp_runtime.bundle.limits import unpacks_to_too_much

WORTH_PACKING = 0.95
"""A form that leaves more than this share of the size is not worth it: every reader would have to undo it."""

WORTH_CODING = 0.99
"""The same for the transport form: an installer undoes it once, and applications never see it."""

FORM_SUFFIX = ".ect"


@dataclass(frozen=True)
class HeldFile:
    """A file of a bundle.

    Args:
        listed: what the manifest says of it.
        entry: name of its entry in the zip; "" where the zip has none.
        content: of the entry.
        stored: the same as it is in the zip.
    """

    listed: Mapping[str, Any]
    entry: str = ""
    content: bytes = b""
    stored: bytes = b""

    @property
    def deflated(self) -> bool:
        """Whether it is compressed in the zip."""
        return self.stored is not self.content


@dataclass(frozen=True)
class Forms:
    """What may stand in for files.

    Args:
        coded: transport forms by the names of the files that they are restored to.
        bases: SHA-256 of the file that a coded one is a delta to, by the same names.
        shared: SHA-256 of the files that are left to an older bundle.
    """

    coded: Mapping[str, bytes] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()


def stored(name: str, content: bytes) -> HeldFile:
    """A file as it is."""
    return HeldFile(_digest(content), name, content, content)


def hold(name: str, content: bytes, forms: Forms) -> HeldFile:
    """A file in the form that is best.

    Args:
        name: of the file.
        content: of the file.
        forms: what may stand in for it.
    """
    digest = _digest(content)
    if digest["sha256"] in forms.shared:
        return HeldFile({**digest, "in_base": True})
    packed = _deflated(content)
    best = content if packed is None else packed
    coded, base = forms.coded.get(name), forms.bases.get(name)
    bomb = coded is not None and base is None and unpacks_to_too_much(len(coded), len(content))
    if coded is not None and not bomb and len(coded) <= WORTH_CODING * len(best):
        entry = PurePosixPath(name).with_suffix(FORM_SUFFIX).as_posix()
        listed = {"file": entry, **_digest(coded), **({} if base is None else {"base": base})}
        return HeldFile({**digest, "transport": listed}, entry, coded, coded)
    if packed is not None:
        return HeldFile({**digest, "packed": _digest(packed)}, name, content, packed)
    return stored(name, content)


def _deflated(content: bytes) -> bytes | None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    if len(packed) > WORTH_PACKING * len(content) or unpacks_to_too_much(len(packed), len(content)):
        return None
    return packed


def _digest(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
