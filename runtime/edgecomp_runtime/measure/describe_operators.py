"""A profile by operator, in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME_WIDTH = 40


def operator_lines(profile: Mapping[str, Any]) -> list[str]:
    """The lines of a profile.

    Args:
        profile: what `OperatorProfile.to_dict` gives, here or on another machine.
    """
    engine = profile["engine"]
    delegate = f"XNNPACK on ({engine['partitions']} partition(s))" if engine["xnnpack"] else "XNNPACK off"
    return [
        f"machine  {profile['machine']}",
        f"engine   {engine['name']} {engine['version']}, {engine['threads']} thread(s), {delegate}",
        f"whole    {profile['whole_ms']:.4f} ms; call and operators together {profile['total_ms']:.4f} ms "
        f"({profile['rounds']} rounds, {profile['seconds']:.0f} s)",
        "",
        f"{'':>4} {'operator':<24} {'ms':>9} {'of rounds, from .. to':>21} {'share':>6}  writes",
        f"{'':>4} {'(the call)':<24} {_ms(profile['call_ms']):>9}",
        *map(_line, profile["operators"]),
    ]


def _line(one: Mapping[str, Any]) -> str:
    name = one["output_name"]
    name = name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
    span = f"{_ms(one['low_ms'])} .. {_ms(one['high_ms'])}"
    return f"{one['index']:>4} {one['name']:<24} {_ms(one['ms']):>9} {span:>21} {one['share']:>6.1%}  {name}"


def _ms(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}"  # -0.0 + 0.0 is 0.0
