"""What pages are made of: templates, style and script, and how a content security policy names them."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


@lru_cache(maxsize=4)
def page_part(name: str) -> str:
    """A file of the page: "page.css" or "page.js"."""
    return resources.files("edgecomp.report").joinpath(f"page/{name}").read_text("utf-8")


@lru_cache(maxsize=4)
def page_template(package: str, name: str) -> Template:
    """A template of a package's folder `page`; what it shows is escaped, and what it lacks is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package, "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def source_hash(text: str) -> str:
    """The source expression by which a content security policy allows exactly this inline text."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
