"""A deterministic zip: same entries, same bytes, on any path and any day."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can state; it says nothing about when the file was made."""


def zip_bytes(entries: Mapping[str, bytes], *, store: frozenset[str] = frozenset()) -> bytes:
    """Packs entries in the given order.

    Args:
        entries: contents by name.
        store: names not worth compressing again.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3  # Unix, wherever this runs
            kind = zipfile.ZIP_STORED if name in store else zipfile.ZIP_DEFLATED
            archive.writestr(info, content, compress_type=kind, compresslevel=9)
    return target.getvalue()
