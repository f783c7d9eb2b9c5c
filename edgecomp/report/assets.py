"""The page's own style and script, and how a content security policy names them."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources


@lru_cache(maxsize=4)
def page_part(name: str) -> str:
    """A file of the page: "page.css" or "page.js"."""
    return resources.files("edgecomp.report").joinpath(f"page/{name}").read_text("utf-8")


def source_hash(text: str) -> str:
    """The source expression by which a content security policy allows exactly this inline text."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
