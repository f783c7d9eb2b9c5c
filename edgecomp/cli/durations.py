"""Lengths of time on the command line."""

from __future__ import annotations

import re
from typing import Any

import click

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)([smh])")


class Duration(click.ParamType[float]):
    """Seconds from `90s`, `15m`, `1h30m`; a bare number is refused, since nobody could tell its unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds as a float."""
        if isinstance(value, float):
            return value
        parts = _PART.findall(str(value).strip().lower())
        if not parts or "".join(number + unit for number, unit in parts) != str(value).strip().lower():
            self.fail(f"{value!r} is no length of time: give it as 90s, 15m or 1h30m", param, ctx)
        seconds = sum(float(number) * SECONDS[unit] for number, unit in parts)
        if seconds <= 0:
            self.fail(f"{value!r} is no time at all: give it as 90s, 15m or 1h30m", param, ctx)
        return seconds
