"""The transport forms of a bundle's files: of its model and of its golden samples, which are nearly all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Base
from .holding import Forms

_MOST_GOLDENS = 1 << 20
"""Larger golden samples are photos, on which the coder spends seconds and gains little, unless it has a base."""


def coded_forms(
    described: Mapping[str, Any], files: Mapping[str, bytes], base: Base | None, known: Mapping[str, bytes]
) -> Forms:
    """Codes what may be worth it.

    Args:
        described: the manifest, which says what each file is.
        files: contents by name.
        base: the older bundle that devices have, or None.
        known: whole forms from before, by the names of the files that they are restored to; none is made twice.
    """
    from edgecomp_runtime.transport.container import base_of

    from ..transport import encode

    shared = frozenset() if base is None else base.digests
    coded = {}
    for name, older in _worth_trying(described, files, base).items():
        coded[name] = known[name] if older is None and name in known else encode(files[name], base=older)
    bases = {name: digest for name, one in coded.items() if (digest := base_of(one)) is not None}
    return Forms(coded, bases, shared)


def _worth_trying(
    described: Mapping[str, Any], files: Mapping[str, bytes], base: Base | None
) -> dict[str, bytes | None]:
    """Names of the files to code, each with what it may be a delta to."""
    names = [described["model"], (described["golden"] or {}).get("file")]
    older = {} if base is None else dict(zip(names, (base.model, base.goldens), strict=True))
    return {
        name: older.get(name)
        for name in names
        if name in files
        and not (base is not None and base.has(files[name]))
        and (name == described["model"] or older.get(name) is not None or len(files[name]) <= _MOST_GOLDENS)
    }
