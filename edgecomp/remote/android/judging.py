"""Whether a phone's measurement counts: the device package's rules, on what benchmark_model and Android tell."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgecomp_runtime.measure.plan import Plan

from .state import THERMAL, State
from .transcript import Transcript

TEMPERATURE_LIMIT_C = 10.0
"""Largest change of the CPUs' temperature after the first window."""

LOW_BATTERY = 0.2

NOT_IN_SUMMARY = "the figures are parsed from benchmark_model's summary: p90 and p99 are not in it"


@dataclass(frozen=True)
class Verdict:
    """What is to be thought of a measurement.

    Args:
        reasons: why it does not count; empty where it does.
        notes: what is worth knowing and no reason.
        not_available: what this phone does not tell.
    """

    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    not_available: tuple[str, ...]


def judge(plan: Plan, windows: Sequence[Transcript], states: Sequence[State], delegate: str | None) -> Verdict:
    """Judges a measurement.

    Args:
        plan: what was to be done.
        windows: what was measured; at least one.
        states: of the phone, before the first and after each window.
        delegate: that was asked for, as in `binary.DELEGATES`; None where none was.
    """
    reasons = [
        *_too_little(plan, windows),
        *_no_median(windows),
        *_unsteady(plan, windows),
        *_held_back(states),
        *_warming(states),
        *_other_delegate(windows[0], delegate),
    ]
    return Verdict(tuple(reasons), tuple(_notes(windows, states)), tuple(_missing(states)))


def typical_ms(window: Transcript) -> float:
    """A window's median, or its mean where the program prints no median."""
    return window.measured.mean if window.measured.median is None else window.measured.median


def _too_little(plan: Plan, windows: Sequence[Transcript]) -> list[str]:
    runs = sum(one.measured.runs for one in windows)
    seconds = sum(one.measured.runs * one.measured.mean for one in windows) / 1000
    found = []
    if runs < plan.needed_runs:
        found.append(f"too few queries: {runs}; a valid measurement has {plan.needed_runs} or more")
    # The time between two runs counts for the program and is in no figure of it: a tenth is left to it.
    if seconds < 0.9 * plan.valid_seconds:
        found.append(f"too short: {seconds:.1f} s of the {plan.valid_seconds:g} s that mode {plan.mode} demands")
    return found


def _no_median(windows: Sequence[Transcript]) -> list[str]:
    if all(one.measured.median is not None for one in windows):
        return []
    return ["no median: this benchmark_model prints averages only; take a newer one"]


def _unsteady(plan: Plan, windows: Sequence[Transcript]) -> list[str]:
    each = [typical_ms(one) for one in windows]
    middle = statistics.median(each)
    if max(abs(one - middle) for one in each) <= plan.spread * middle:
        return []
    return [
        f"not steady: p50 of the windows lies between {min(each):.3f} and {max(each):.3f} ms "
        "(heat, or something else is running)"
    ]


def _held_back(states: Sequence[State]) -> list[str]:
    found = []
    worst = max((one.thermal or 0 for one in states), default=0)
    if worst:
        found.append(f"throttled: Android's thermal status was {worst} ({THERMAL[worst]}); let the phone cool down")
    lowered = [text for text in (_lowered(one.limits_khz, states[0].limits_khz) for one in states[1:]) if text]
    if lowered:
        found.append(f"throttled: while it was measured, {lowered[-1]}")
    if any(one.saver for one in states):
        found.append("low battery mode: the battery saver is on; switch it off")
    return found


def _lowered(now: dict[int, int] | None, before: dict[int, int] | None) -> str:
    """Which CPU's clock is held back most; "" where none is."""
    held = {cpu: limit for cpu, limit in (now or {}).items() if limit < (before or {}).get(cpu, limit)}
    if not held or before is None:
        return ""
    cpu = min(held, key=lambda one: held[one] / before[one])
    return f"CPU {cpu} was allowed {held[cpu] / 1000:.0f} of {before[cpu] / 1000:.0f} MHz"


def _warming(states: Sequence[State]) -> list[str]:
    # The first window is left out: any chip gets warm as work begins.
    seen = [one.cpu_c for one in states[1:] if one.cpu_c is not None]
    if not seen or max(seen) - min(seen) <= TEMPERATURE_LIMIT_C:
        return []
    return [f"temperature drift: the CPUs went from {seen[0]:.0f} to {seen[-1]:.0f} °C; let the phone rest"]


def _other_delegate(window: Transcript, delegate: str | None) -> list[str]:
    if delegate in ("gpu", "nnapi"):
        took = not window.not_delegated and any(not one.is_xnnpack for one in window.delegated)
        title = delegate.upper()
    elif delegate == "xnnpack":
        took, title = window.created_xnnpack, "XNNPACK"
    else:
        took, title = delegate is None or not any(one.is_xnnpack for one in window.delegated), "the plain kernels"
    return [] if took else [f"another delegate: {title} was asked for, and did not run the model"]


def _notes(windows: Sequence[Transcript], states: Sequence[State]) -> list[str]:
    found = [NOT_IN_SUMMARY, "benchmark_model feeds random numbers: golden samples were not checked"]
    found += [
        f"{one.name} has {one.nodes} of {one.of} operators in {one.partitions} part(s)"
        for one in windows[0].delegated
        if one.nodes < one.of or one.partitions > 1
    ]
    last = states[-1]
    # Some makers hold clocks back all the time: then that is what apps get there.
    capped = _lowered(states[0].limits_khz, states[0].tops_khz)
    if capped:
        found.append(f"from the beginning {capped} (a power mode, or the maker's choice)")
    if last.battery is not None and last.battery <= LOW_BATTERY and not last.plugged:
        found.append(f"the battery is at {last.battery:.0%}, and many phones slow down then")
    if any(one.awake is False for one in states):
        found.append("the screen was off; some phones clock down then")
    return found


def _missing(states: Sequence[State]) -> list[str]:
    told = {
        "throttling": any(one.thermal is not None for one in states),
        "temperature": any(one.cpu_c is not None for one in states),
        "clock rate": any(one.limits_khz for one in states),
        "battery": any(one.battery is not None for one in states),
    }
    return [*(name for name, known in told.items() if not known), "governor", "load by others", "swap"]
