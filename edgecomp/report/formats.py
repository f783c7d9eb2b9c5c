"""Figures as people read them: three significant digits, decimal prefixes, an em dash for what was not measured."""

from __future__ import annotations

import math

MISSING = "—"


def significant(value: float, digits: int = 3) -> str:
    """A number with at least `digits` significant digits: 0.0471, 3.61, 45.0, 1,284 (an exponent from 1e15 on)."""
    if value == 0:
        return "0"
    if abs(value) >= 1e15:
        return f"{value:.{digits - 1}e}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    # Rounding may carry into one more digit (9.996 becomes 10.0), which then takes one decimal less.
    rounded = round(value, max(places, 0))
    if rounded == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{min(max(places, 0), 12)}f}"


def with_prefix(value: float, unit: str, prefixes: tuple[str, ...]) -> str:
    """A number of units with the largest decimal prefix that keeps it at 1 or more."""
    prefix = ""
    for one in prefixes:
        # 999.5 would print as "1,000", so the next prefix starts there.
        if value < 999.5:
            break
        value, prefix = value / 1000, one
    text = significant(value) if prefix else f"{value:,.0f}"
    return f"{text} {prefix}{unit}".rstrip()


def size(count: float | None) -> str:
    """Bytes: `812 B`, `45.3 kB`, `4.00 MB` (decimal, as file managers and radio links count)."""
    return MISSING if count is None else with_prefix(count, "B", ("k", "M", "G", "T"))


def count(value: float | None) -> str:
    """Parameters or operations: `930`, `3.50 M`."""
    return MISSING if value is None else with_prefix(value, "", ("k", "M", "G", "T"))


def milliseconds(value: float | None) -> str:
    """A latency given in ms: `3.61 ms`, below a tenth of one `47.0 µs`."""
    if value is None:
        return MISSING
    return f"{significant(value * 1000)} µs" if 0 < value < 0.1 else f"{significant(value)} ms"


def seconds(value: float | None) -> str:
    """A duration given in s: `0.06 s`, `12.4 s`, `3 min 05 s`."""
    if value is None:
        return MISSING
    if value < 99.95:
        return f"{value:.2f} s" if value < 9.995 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def percent(fraction: float | None) -> str:
    """A fraction as `97.44%`."""
    return MISSING if fraction is None else f"{100 * fraction:.2f}%"


def share(fraction: float | None) -> str:
    """A fraction that may be tiny, as `12.3%`, `0.0041%` or `0%`."""
    if fraction is None:
        return MISSING
    text = significant(100 * fraction)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def rounded_percent(fraction: float | None) -> str:
    """A fraction as `97%`, where digits behind it would say nothing."""
    return MISSING if fraction is None else f"{100 * fraction:.0f}%"


def span(ends: tuple[float, float] | None) -> str:
    """A range: `−3.10 to 22.4`."""
    return MISSING if ends is None else f"{real(ends[0])} to {real(ends[1])}"


def real(value: float) -> str:
    """A number of any size, with a proper minus sign."""
    text = f"{value:.2e}" if value and not 1e-4 <= abs(value) < 1e6 else significant(value)
    return text.replace("-", "−")


def decibels(value: float | None) -> str:
    """`31.0 dB`."""
    return MISSING if value is None else f"{value:.1f} dB".replace("-", "−")


def points(value: float, apart_from: float | None = None) -> str:
    """Percentage points: `0.22`; with the digits it takes to differ from another figure that it is compared with."""
    for places in (2, 3, 4, 6):
        text = _trimmed(value, places)
        if apart_from is None or value == apart_from or text != _trimmed(apart_from, places):
            break
    return text


def times(ratio: float) -> str:
    """A ratio of 1 or more: `3.49×`."""
    return f"{significant(ratio)}×"


def shortened(text: str, limit: int) -> str:
    """A text cut in its middle to `limit` characters, because names differ at their ends."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def _trimmed(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
