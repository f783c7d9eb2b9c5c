"""What would have to give where no candidate keeps all limits: each limit loosened by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .limits import Figures, Limits


def ways_out(candidates: Mapping[str, Figures], limits: Limits) -> tuple[str, ...]:
    """What each limit would have to be for one of the candidates to do, the others staying as they are.

    Args:
        candidates: by name; none of them keeps the limits.
        limits: all of them.

    Returns:
        phrases such as "--max-drop 2.1"; none where no single limit stands in the way.
    """
    found = []
    if limits.max_drop is not None:
        rest = replace(limits, max_drop=None)
        losses = [one.loss_points for one in candidates.values() if rest.kept(one)]
        found += [f"--max-drop {_up(min(losses), 2)}"] if losses else []
    if limits.max_latency is not None:
        rest = replace(limits, max_latency=None)
        times = [one.latency for one in candidates.values() if rest.kept(one)]
        found += [f"--max-latency {_up(min(times), 3)}"] if times else []
    if limits.max_bytes is not None:
        rest = replace(limits, max_bytes=None)
        sizes = [one.bytes for one in candidates.values() if rest.kept(one)]
        found += [f"--max-size {min(sizes)}"] if sizes else []
    return tuple(found)


def _up(value: float, digits: int) -> str:
    """A number that is no smaller, with so many digits behind the point."""
    rounded = round(value, digits)
    if rounded < value:
        rounded = round(rounded + 10**-digits, digits)
    return f"{rounded:g}"
