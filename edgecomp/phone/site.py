"""The files of the page by the names under which it asks for them: for the server, and for a folder of any web host."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from . import litert_js
from .model_data import ModelData

INDEX = "index.html"

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Without the first two a browser gives the page no threads."""

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing is loaded from elsewhere, whatever the page is made to try."""


def page_files() -> dict[str, bytes]:
    """The page itself, without LiteRT.js and the model: names with `/` between folders, and contents."""
    root = resources.files(__package__) / "page"
    found = {one.name: one.read_bytes() for one in root.iterdir() if one.is_file()}
    return {**found, **{f"js/{one.name}": one.read_bytes() for one in (root / "js").iterdir() if one.is_file()}}


def site_files(data: ModelData, litert: Path, *, takes_results: bool) -> dict[str, bytes]:
    """Everything that the page consists of.

    Args:
        data: the model.
        litert: the folder with LiteRT.js.
        takes_results: whether whoever serves it takes results; without that the page offers them as a file.
    """
    about: Mapping[str, Any] = {**data.about, "takes_results": takes_results, "litert_version": litert_js.VERSION}
    return {
        **page_files(),
        **{f"litert/{name}": (litert / name).read_bytes() for name in litert_js.file_names()},
        "model/model.json": json.dumps(about).encode(),
        "model/model.tflite": data.model,
        "model/golden.bin": data.golden,
    }


def packed_files(litert: Path) -> dict[str, bytes]:
    """What of `site_files` is there compressed with gzip already."""
    return {f"litert/{name}": data for name, data in litert_js.compressed(litert).items()}
