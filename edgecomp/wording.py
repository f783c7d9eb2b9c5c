"""Words that messages share."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[object], most: int = 8) -> str:
    """The first few items for a message, separated by commas."""
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown}, … ({len(items)} in all)"
