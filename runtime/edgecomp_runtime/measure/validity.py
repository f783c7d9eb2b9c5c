"""Whether a measurement counts: rules over the windows and what the machine said of itself between them.

Each rule gives reasons that begin with what they are about ("throttled: ...", "noisy neighbour: ..."), so that programs
can tell them apart. A sensor that is absent is no reason.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..engines import EngineInfo
from .load import load_between, spans
from .plan import Plan
from .probe import Snapshot
from .windows import Window

TEMPERATURE_LIMIT_C = 10.0
"""Largest change of a temperature after the first window."""

FREQUENCY_LIMIT = 0.15
"""Largest share by which the fastest CPU's clock falls between windows. Boost clocks move by less."""

SLOW_CLOCK = 0.6
"""A governor that keeps the clock below this share of what the hardware allows holds the machine back."""

SLOW_GOVERNORS = ("powersave", "userspace", "conservative")

OTHERS_LIMIT_CPUS, OTHERS_LIMIT_SHARE = 0.25, 0.05
"""What others may take of the machine over the whole measurement: the larger one of a part of a CPU, and a share of all
CPUs. Twice as much in a single second."""

STEAL_LIMIT = 0.02

CPU_SHARE_LIMIT = 0.9
"""An inference of one thread computes all the time; where it had no CPU for more than a tenth of it, others had."""

SWAP_LIMIT_BYTES = 2**20

XNNPACK, PLAIN = "xnnpack", "none"
"""Delegates that can be asked for."""


@dataclass(frozen=True)
class Judgement:
    """What is to be thought of a measurement.

    Args:
        reasons: why it does not count; empty where it does.
        notes: what is worth knowing and no reason against it.
        not_available: sensors that this machine has not.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    not_available: tuple[str, ...]


def judge(
    plan: Plan,
    windows: Sequence[Window],
    snapshots: Sequence[Snapshot],
    engine: EngineInfo,
    *,
    asked: Optional[str] = None,
    cpus: Optional[int] = None,
) -> Judgement:
    """Judges a measurement.

    Args:
        plan: what was to be done.
        windows: what was measured; at least one.
        snapshots: before the first and after each window.
        engine: what it ran on.
        asked: the delegate that was to be used, `XNNPACK` or `PLAIN`; None for any.
        cpus: of the machine; None looks.
    """
    heat = [*_throttled(snapshots), *_temperature(snapshots), *_frequency(snapshots)]
    unsteady = _unsteady(windows, plan.spread)
    reasons = [
        *_too_little(plan, windows),
        *_delegate(engine, asked),
        *([] if plan.sustained else [*heat, *unsteady]),
        *_governor(snapshots),
        *_neighbours(snapshots, cpus or os.cpu_count() or 1),
        *_displaced(windows, engine),
        *_swap(snapshots),
    ]
    notes = [*([*heat, *unsteady] if plan.sustained else []), *_notes(snapshots, engine)]
    return Judgement(tuple(reasons), tuple(notes), _not_available(snapshots))


def _too_little(plan: Plan, windows: Sequence[Window]) -> list[str]:
    runs, seconds = sum(one.runs for one in windows), sum(one.seconds for one in windows)
    found = []
    if runs < plan.needed_runs:
        found.append(f"too few queries: {runs}; a valid measurement has {plan.needed_runs} or more")
    if seconds < plan.valid_seconds:
        found.append(f"too short: {seconds:.1f} s of the {plan.valid_seconds:g} s that mode {plan.mode} demands")
    return found


def _delegate(engine: EngineInfo, asked: Optional[str]) -> list[str]:
    if asked == XNNPACK and not engine.xnnpack:
        return ["another delegate: XNNPACK was to run the model and took over no part of it"]
    if asked == PLAIN and engine.xnnpack:
        return ["another delegate: the plain kernels were to run the model, and XNNPACK did"]
    return []


def _throttled(snapshots: Sequence[Snapshot]) -> list[str]:
    now = frozenset[str]().union(*(one.throttled_now or () for one in snapshots))
    first, last = snapshots[0].throttled_since_boot, snapshots[-1].throttled_since_boot
    between = (last or frozenset()) - (first or frozenset()) if first is not None else frozenset()
    held = sorted(now | between)
    return [f"throttled: the board reports {', '.join(held)} (heat or a weak supply)"] if held else []


def _temperature(snapshots: Sequence[Snapshot]) -> list[str]:
    # The first window is left out: any chip gets warm as work begins.
    settled = snapshots[1:]
    found = []
    for name in settled[0].temperatures_c or {} if settled else {}:
        seen = [one.temperatures_c[name] for one in settled if one.temperatures_c and name in one.temperatures_c]
        if max(seen) - min(seen) > TEMPERATURE_LIMIT_C:
            found.append(f"temperature drift: {name} went from {seen[0]:.0f} to {seen[-1]:.0f} °C; rest it, or cool it")
    return found


def _fastest_mhz(snapshot: Snapshot) -> Optional[float]:
    # The CPU that has just worked is the fastest one; what idle ones say depends on how long they have been idle.
    return max(snapshot.frequencies_khz.values()) / 1000 if snapshot.frequencies_khz else None


def _frequency(snapshots: Sequence[Snapshot]) -> list[str]:
    seen = [mhz for mhz in map(_fastest_mhz, snapshots[1:]) if mhz is not None]
    if seen and min(seen) < (1 - FREQUENCY_LIMIT) * max(seen):
        return [f"frequency drift: the clock was between {min(seen):.0f} and {max(seen):.0f} MHz"]
    return []


def _governor(snapshots: Sequence[Snapshot]) -> list[str]:
    first, last = snapshots[0].governors, snapshots[-1].governors
    if first and last and first != last:
        return [f"governor: it was changed from {_names(first)} to {_names(last)} while the measurement went on"]
    seen = [mhz for mhz in map(_fastest_mhz, snapshots[1:]) if mhz is not None]
    allowed = max((snapshots[-1].max_frequencies_khz or {0: 0}).values()) / 1000
    if last and seen and max(seen) < SLOW_CLOCK * allowed and set(last.values()) <= set(SLOW_GOVERNORS):
        return [f"governor: {_names(last)} holds the clock at {max(seen):.0f} of {allowed:.0f} MHz"]
    return []


def _neighbours(snapshots: Sequence[Snapshot], cpus: int) -> list[str]:
    limit = max(OTHERS_LIMIT_CPUS, OTHERS_LIMIT_SHARE * cpus)
    whole = load_between(snapshots[0], snapshots[-1], cpus)
    parts = [load for load in (load_between(*pair, cpus) for pair in spans(snapshots)) if load is not None]
    if whole is None or not parts:
        return []
    most = max(one.others for one in parts)
    found = []
    if whole.others > limit or most > 2 * limit:
        found.append(
            f"noisy neighbour: other programs kept {whole.others:.2f} of {cpus} CPU(s) busy, {most:.2f} at the most; "
            "end them"
        )
    if max(whole.steal, max(one.steal for one in parts) / 2) > STEAL_LIMIT:
        found.append(f"noisy neighbour: other virtual machines took {whole.steal:.1%} of the CPU time")
    return found


def _displaced(windows: Sequence[Window], engine: EngineInfo) -> list[str]:
    share = sum(one.cpu_share * one.seconds for one in windows) / sum(one.seconds for one in windows)
    # With several threads the first one waits for the others.
    if engine.threads > 1 or share >= CPU_SHARE_LIMIT:
        return []
    return [
        f"noisy neighbour: this process had a CPU for only {share:.0%} of the time (others had it, or there is a quota)"
    ]


def _unsteady(windows: Sequence[Window], limit: float) -> list[str]:
    medians = [float(np.median(one.times_ms)) for one in windows]
    middle = float(np.median(medians))
    furthest = max(medians, key=lambda one: abs(one - middle))
    if abs(furthest - middle) <= limit * middle:
        return []
    return [
        f"not steady: p50 of the windows lies between {min(medians):.3f} and {max(medians):.3f} ms "
        "(heat, or something else is running)"
    ]


def _swap(snapshots: Sequence[Snapshot]) -> list[str]:
    first, last = snapshots[0].swap_used_bytes, snapshots[-1].swap_used_bytes
    if first is None or last is None or last - first <= SWAP_LIMIT_BYTES:
        return []
    return [f"swap in use: {(last - first) / 2**20:.0f} MiB were swapped out while the measurement went on"]


def _notes(snapshots: Sequence[Snapshot], engine: EngineInfo) -> list[str]:
    last, found = snapshots[-1], []
    dynamic = sorted(set((last.governors or {}).values()) - {"performance"})
    if dynamic:
        found.append(f"governor {', '.join(dynamic)} moves the clock with the load; performance is steadier")
    if last.swap_used_bytes:
        found.append(f"{last.swap_used_bytes / 2**20:.0f} MiB of swap are in use on this machine")
    if not engine.xnnpack:
        found.append("XNNPACK runs no part of the model: all of it is on plain kernels")
    if engine.partitions > 1:
        found.append(f"XNNPACK has the model in {engine.partitions} parts, with plain kernels between them")
    if last.throttled_since_boot and not last.throttled_now:
        found.append(f"since it was started this board had: {', '.join(sorted(last.throttled_since_boot))}")
    return found


_SENSORS = {
    "temperatures_c": "temperature",
    "frequencies_khz": "clock rate",
    "governors": "governor",
    "throttled_now": "throttling",
    "total_ticks": "load by others",
    "swap_used_bytes": "swap",
}


def _not_available(snapshots: Sequence[Snapshot]) -> tuple[str, ...]:
    found = [shown for name, shown in _SENSORS.items() if getattr(snapshots[-1], name) is None]
    if "load by others" not in found and load_between(snapshots[0], snapshots[-1], 1) is None:
        found.append("load by others (too short for the system's ticks)")
    return tuple(found)


def _names(governors: dict[int, str]) -> str:
    return ", ".join(sorted(set(governors.values())))
