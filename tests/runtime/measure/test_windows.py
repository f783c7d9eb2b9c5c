"""Windows take the time and the runs they are to take, and keep what fits into memory."""

from __future__ import annotations

import time

import pytest
from edgecomp_runtime import InputError
from edgecomp_runtime.measure.plan import BRIEF, FULL, MODES, QUICK, STANDARD, sustained
from edgecomp_runtime.measure.windows import MOST_KEPT, measure_windows, repeat


def test_a_window_has_both_its_time_and_its_runs() -> None:
    kept = repeat(lambda: None, 0.02, 10)
    assert kept.runs >= 10
    assert len(kept.times) == kept.runs
    slow = repeat(lambda: time.sleep(0.002), 0.0, 5)
    assert slow.runs == 5
    assert min(slow.times) >= 2


def test_what_does_not_come_to_its_runs_is_given_up() -> None:
    assert 1 <= repeat(lambda: time.sleep(0.002), 0.001, 10**9, longest=0.01).runs < 20


def test_times_that_do_not_fit_are_thinned_out_evenly() -> None:
    kept = repeat(lambda: None, 0.0, 1000, most_kept=64)
    assert kept.runs == 1000
    assert 32 <= len(kept.times) < 64
    assert kept.every == 16
    assert -(-kept.runs // kept.every) == len(kept.times)


def test_the_state_is_looked_at_before_between_and_after_windows() -> None:
    events: list[str] = []
    shares: list[float] = []
    plan = BRIEF.changed(seconds=0.05, runs=10)
    windows = []
    for window in measure_windows(lambda: None, plan, lambda: events.append("look"), shares.append):
        windows.append(window)
        events.append("window")
    assert events[:2] == ["look", "window"]
    assert events.count("look") == 6
    assert len(windows) == 5
    assert sum(window.seconds for window in windows) >= 0.05
    assert [window.start for window in windows] == sorted(window.start for window in windows)
    assert all(len(window.times_ms) <= MOST_KEPT // 5 for window in windows)


class Clock:
    """In place of the module `time`; only what is measured moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    thread_time = perf_counter

    def take_a_millisecond(self) -> None:
        self.now += 0.001


def test_progress_goes_from_0_to_1_over_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    clock = Clock()
    monkeypatch.setattr("edgecomp_runtime.measure.windows.time", clock)
    plan = BRIEF.changed(seconds=1.5)
    for _ in measure_windows(clock.take_a_millisecond, plan, lambda: None, shares.append):
        pass
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5 < shares[-1] <= 1


def test_a_window_knows_how_long_it_had_a_cpu() -> None:
    plan = BRIEF.changed(seconds=0.1, runs=5)
    sleeping = list(measure_windows(lambda: time.sleep(0.005), plan, lambda: None, lambda _: None))
    assert all(window.cpu_share < 0.5 for window in sleeping)


def test_modes_do_what_they_follow() -> None:
    assert (STANDARD.windows, STANDARD.seconds / STANDARD.windows) == (5, 10)
    assert (FULL.runs, FULL.seconds, FULL.cool_down_seconds) == (1024, 60, 300)
    assert QUICK.seconds == 5
    assert all(plan.windows >= 5 for plan in (*MODES.values(), BRIEF))


def test_less_than_the_mode_demands_stays_less() -> None:
    short = FULL.changed(seconds=1, runs=10)
    assert (short.valid_seconds, short.needed_runs) == (60, 1024)
    assert QUICK.changed(runs=200).needed_runs == 200
    assert QUICK.changed(runs=1).needed_runs == 50


def test_a_sustained_run_has_a_point_of_its_curve_every_ten_seconds() -> None:
    ten = sustained(10)
    assert (ten.windows, ten.seconds) == (60, 600)
    assert sustained(0.1).windows == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 0},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"runs": 0},
        {"cool_down_seconds": -1},
        {"cool_down_seconds": float("nan")},
    ],
)
def test_wrong_numbers_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be"):
        QUICK.changed(**changes)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="minutes"):
        sustained(-1)
