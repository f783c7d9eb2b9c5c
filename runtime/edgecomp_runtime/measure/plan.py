"""How a measurement goes: how long, how often, and what it needs to count.

The modes follow MLPerf Tiny (five windows of at least ten seconds each, whose median counts) and MLPerf Mobile (single
stream, at least 1,024 queries and 60 seconds, a five-minute cool-down before).
https://github.com/mlcommons/tiny, https://github.com/mlcommons/mobile_app_open
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Optional

from ..errors import InputError

FEWEST_RUNS = 50
"""No measurement of fewer inferences counts."""

CURVE_WINDOW_SECONDS = 10.0
"""Of a sustained run: one point of its curve."""

FEWEST_WINDOWS = 5


@dataclass(frozen=True)
class Plan:
    """What is done, and what has to have been done for the result to be valid.

    Args:
        mode: its name: "quick", "standard", "full", "sustained" or "brief".
        windows: the steady state is measured in so many parts, each judged by itself.
        seconds: measure at least that long, all windows together.
        runs: measure at least so many inferences, all windows together.
        valid_seconds: what the mode demands, however long was measured.
        valid_runs: likewise.
        spread: by what share a window's median may lie off the median of them all.
        warm_up_seconds: run at least that long before measuring.
        cool_down_seconds: rest that long before anything else.
        cold_starts: fresh processes to time, where the command line measures a file.
        patience: windows that have not their runs after so many times their seconds are given up.
        sustained: heat is what the run is to show, and no reason against it.
    """

    mode: str
    windows: int
    seconds: float
    runs: int
    valid_seconds: float
    valid_runs: int
    spread: float
    warm_up_seconds: float = 0.5
    cool_down_seconds: float = 0.0
    cold_starts: int = 0
    patience: float = 10.0
    sustained: bool = False

    def __post_init__(self) -> None:
        """Refuses what cannot be done.

        Raises:
            InputError: a number is negative, not finite, or zero where there has to be something.
        """
        positive = {"seconds": self.seconds, "runs": self.runs, "windows": self.windows, "patience": self.patience}
        for name, value in positive.items():
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value}; it must be more than 0")
        for name, value in {"warm-up": self.warm_up_seconds, "cool-down": self.cool_down_seconds}.items():
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"the {name} is {value} seconds; it must be 0 or more")

    @property
    def needed_runs(self) -> int:
        """Fewer inferences are no valid measurement."""
        return max(self.runs, self.valid_runs, FEWEST_RUNS)

    def changed(
        self,
        *,
        seconds: Optional[float] = None,
        runs: Optional[int] = None,
        cool_down_seconds: Optional[float] = None,
    ) -> Plan:
        """The same with other numbers; what the mode demands stays, so that less than that is not valid."""
        return replace(
            self,
            seconds=self.seconds if seconds is None else seconds,
            runs=self.runs if runs is None else runs,
            cool_down_seconds=self.cool_down_seconds if cool_down_seconds is None else cool_down_seconds,
        )


BRIEF = Plan(
    "brief",
    windows=FEWEST_WINDOWS,
    seconds=0.2,
    runs=FEWEST_RUNS,
    valid_seconds=0.0,
    valid_runs=FEWEST_RUNS,
    spread=0.3,
    warm_up_seconds=0.1,
)
"""A fifth of a second: enough for a median that is put into a report beside others."""

QUICK = Plan(
    "quick",
    windows=FEWEST_WINDOWS,
    seconds=5.0,
    runs=FEWEST_RUNS,
    valid_seconds=0.0,
    valid_runs=FEWEST_RUNS,
    spread=0.2,
    cold_starts=1,
)

STANDARD = Plan(
    "standard",
    windows=5,
    seconds=50.0,
    runs=FEWEST_RUNS,
    valid_seconds=50.0,
    valid_runs=FEWEST_RUNS,
    spread=0.1,
    cold_starts=3,
)
"""Like MLPerf Tiny: five windows of ten seconds and at least ten inferences each."""

FULL = Plan(
    "full",
    windows=6,
    seconds=60.0,
    runs=1024,
    valid_seconds=60.0,
    valid_runs=1024,
    spread=0.1,
    cool_down_seconds=300.0,
    cold_starts=5,
    patience=60.0,
)
"""Like MLPerf Mobile: 1,024 queries and 60 seconds, after five minutes of rest."""

MODES = {plan.mode: plan for plan in (QUICK, STANDARD, FULL)}


def sustained(minutes: float) -> Plan:
    """A run that shows what heat does: windows of ten seconds, for minutes.

    Raises:
        InputError: `minutes` is not a positive number.
    """
    if not (math.isfinite(minutes) and minutes > 0):
        raise InputError(f"minutes is {minutes}; it must be more than 0")
    seconds = minutes * 60
    return replace(
        QUICK,
        mode="sustained",
        windows=max(FEWEST_WINDOWS, round(seconds / CURVE_WINDOW_SECONDS)),
        seconds=seconds,
        valid_seconds=seconds,
        sustained=True,
    )
