"""A report made shorter than it is, for a page that could not hold it."""

from __future__ import annotations

from typing import Any

from edgecomp.report.formats import shortened

LETTERS_AN_ITEM = 10
"""Of a text, for each item that a list may have."""


def cut(value: Any, most: int) -> Any:
    """The same JSON value with no list longer than `most` items, and texts of so many letters times ten.

    Args:
        value: any JSON value.
        most: at least 10, so that ranges and grids stay whole.
    """
    if isinstance(value, dict):
        return {key: cut(item, most) for key, item in value.items()}
    if isinstance(value, list):
        return [cut(item, most) for item in value[:most]]
    # A picture that lost its middle is none.
    if isinstance(value, str) and not value.startswith("data:"):
        return shortened(value, LETTERS_AN_ITEM * most)
    return value
