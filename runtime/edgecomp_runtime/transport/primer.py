"""What tables of models usually look like: LZMA has seen it before it meets those of a model.

LZMA streams have no preset dictionary. But a stream that begins with the coded primer is decoded by any LZMA decoder,
and its first bytes need not be sent: `primer.lzma` holds them. It belongs to version 2 of the transport form for good.
"""

from __future__ import annotations

import pkgutil
from functools import cache

SETTINGS = 0 + 9 * (2 + 5 * 0)
"""lc 0, lp 2, pb 0, as a frame has them."""

PRIMER_BYTES = 25824
"""Its length before it was coded."""


@cache
def coded_primer() -> bytes:
    """The primer as raw LZMA1 with `SETTINGS`."""
    return pkgutil.get_data(__package__, "primer.lzma") or b""
