"""What makes a measurement invalid, and what must not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from edgecomp_runtime.engines import EngineInfo
from edgecomp_runtime.measure.plan import FULL, QUICK, Plan, sustained
from edgecomp_runtime.measure.probe import Snapshot
from edgecomp_runtime.measure.validity import Judgement, judge
from edgecomp_runtime.measure.windows import Window
from hypothesis import given
from hypothesis import strategies as st

ENGINE = EngineInfo("ai_edge_litert", "2.3.0", 1, True, 1)

# A quiet four-core board, one second later: 400 ticks of all CPUs, 100 of them ours, 6 of others.
QUIET = Snapshot(
    time=0.0,
    temperatures_c={"cpu-thermal": 50.0},
    frequencies_khz={0: 1_500_000, 1: 600_000},
    max_frequencies_khz={0: 1_500_000, 1: 1_500_000},
    governors={0: "ondemand", 1: "ondemand"},
    throttled_now=frozenset(),
    throttled_since_boot=frozenset(),
    load1=0.1,
    steal_ticks=0,
    busy_ticks=1000,
    total_ticks=100_000,
    own_ticks=10,
    swap_used_bytes=0,
)


def _later(snapshot: Snapshot, seconds: float, others: float = 0.06, steal: float = 0.0) -> Snapshot:
    """Some seconds on: we kept one CPU busy, others kept `others` of the four, `steal` CPUs were stolen."""
    ticks = {
        "busy_ticks": (snapshot.busy_ticks or 0) + round(100 * seconds * (1 + others)),
        "total_ticks": (snapshot.total_ticks or 0) + round(400 * seconds),
        "own_ticks": (snapshot.own_ticks or 0) + round(100 * seconds),
        "steal_ticks": (snapshot.steal_ticks or 0) + round(100 * steal * seconds),
    }
    return replace(snapshot, time=snapshot.time + seconds, **ticks)  # type: ignore[arg-type]


def _states(count: int = 6, seconds: float = 1.0) -> list[Snapshot]:
    found = [QUIET]
    while len(found) < count:
        found.append(_later(found[-1], seconds))
    return found


def _windows(medians: tuple[float, ...] = (1.0,) * 5, seconds: float = 1.0, runs: int = 1000) -> list[Window]:
    return [Window(place * seconds, seconds, runs, np.full(runs, one)) for place, one in enumerate(medians)]


def _judged(
    states: list[Snapshot] | None = None,
    windows: list[Window] | None = None,
    plan: Plan = QUICK,
    engine: EngineInfo = ENGINE,
    asked: str | None = None,
) -> Judgement:
    return judge(plan, windows or _windows(), states or _states(), engine, asked=asked, cpus=4)


def _with(place: int, **changes: object) -> list[Snapshot]:
    """The quiet states, from one of them on with other values."""
    return [replace(one, **changes) if at >= place else one for at, one in enumerate(_states())]  # type: ignore[arg-type]


def test_a_quiet_machine_is_valid() -> None:
    judged = _judged()
    assert judged.reasons == ()
    assert judged.not_available == ()
    assert judged.notes == ("governor ondemand moves the clock with the load; performance is steadier",)


def test_absent_sensors_are_named_and_no_reason() -> None:
    blind = [Snapshot(time=one.time) for one in _states()]
    judged = _judged(blind)
    assert judged.reasons == ()
    assert set(judged.not_available) == {
        "temperature",
        "clock rate",
        "governor",
        "throttling",
        "load by others",
        "swap",
    }


def test_too_few_queries() -> None:
    assert _judged(windows=_windows(runs=9)).reasons[0].startswith("too few queries: 45; a valid measurement has 50")
    assert "has 1024" in _judged(windows=_windows(seconds=20, runs=200), plan=FULL).reasons[0]


def test_too_short() -> None:
    reasons = _judged(windows=_windows(seconds=2, runs=2000), plan=FULL.changed(seconds=10)).reasons
    assert reasons == ("too short: 10.0 s of the 60 s that mode full demands",)


def test_throttled_now_or_meanwhile() -> None:
    now = _judged(_with(3, throttled_now=frozenset({"throttled"}), throttled_since_boot=frozenset({"throttled"})))
    assert now.reasons[0].startswith("throttled: the board reports throttled")
    # It came and went between two looks: only the lasting bit tells.
    gone = _judged(_with(3, throttled_since_boot=frozenset({"under-voltage"})))
    assert gone.reasons[0].startswith("throttled: the board reports under-voltage")


def test_throttling_long_ago_is_a_note() -> None:
    judged = _judged(_with(0, throttled_since_boot=frozenset({"throttled"})))
    assert judged.reasons == ()
    assert "since it was started this board had: throttled" in judged.notes


def test_temperature_drift_after_the_first_window() -> None:
    assert _judged(_with(1, temperatures_c={"cpu-thermal": 70.0})).reasons == ()
    reasons = _judged(_with(4, temperatures_c={"cpu-thermal": 61.0})).reasons
    assert reasons[0].startswith("temperature drift: cpu-thermal went from 50 to 61 °C")
    assert _judged(_with(4, temperatures_c={"another": 99.0})).reasons == ()


def test_frequency_drift_of_the_fastest_cpu() -> None:
    reasons = _judged(_with(3, frequencies_khz={0: 600_000, 1: 1_000_000})).reasons
    assert reasons == ("frequency drift: the clock was between 1000 and 1500 MHz",)
    # Another CPU has done the work, as fast.
    assert _judged(_with(3, frequencies_khz={0: 600_000, 1: 1_500_000})).reasons == ()


def test_a_governor_that_holds_the_clock_down() -> None:
    slow = {"governors": {0: "powersave"}, "frequencies_khz": {0: 600_000}}
    assert _judged(_with(0, **slow)).reasons == ("governor: powersave holds the clock at 600 of 1500 MHz",)
    # Intel's driver calls its usual governor powersave, and is fast.
    assert _judged(_with(0, **{**slow, "frequencies_khz": {0: 1_400_000}})).reasons == ()


def test_a_governor_that_is_changed_meanwhile() -> None:
    assert "changed from ondemand to performance" in _judged(_with(2, governors={0: "performance"})).reasons[0]


def test_others_that_keep_the_machine_busy() -> None:
    states = [QUIET]
    for second in range(5):
        states.append(_later(states[-1], 1.0, others=1.0 if second >= 3 else 0.05))
    reasons = _judged(states).reasons
    assert len(reasons) == 1
    assert reasons[0].startswith("noisy neighbour: other programs kept 0.43 of 4 CPU(s) busy, 1.00 at the most")


def test_a_short_burst_of_others_counts_where_it_is_strong() -> None:
    states = [QUIET]
    for second in range(20):
        states.append(_later(states[-1], 1.0, others=1.0 if second == 10 else 0.0))
    assert _judged(states, _windows((1.0,) * 20)).reasons[0].startswith("noisy neighbour")


def test_stolen_time() -> None:
    states = [QUIET]
    for _ in range(5):
        states.append(_later(states[-1], 1.0, steal=0.2))
    assert _judged(states).reasons == ("noisy neighbour: other virtual machines took 5.0% of the CPU time",)


def test_too_short_for_ticks_is_said_and_no_reason() -> None:
    states = [QUIET]
    for _ in range(5):
        states.append(_later(states[-1], 0.04, others=3.0))
    judged = _judged(states, _windows(seconds=0.04))
    assert judged.reasons == ()
    assert judged.not_available == ("load by others (too short for the system's ticks)",)


def test_a_single_thread_that_had_no_cpu() -> None:
    windows = [replace(one, cpu_share=0.5) for one in _windows()]
    assert "had a CPU for only 50% of the time" in _judged(windows=windows).reasons[0]
    assert _judged(windows=windows, engine=replace(ENGINE, threads=2)).reasons == ()


def test_windows_that_differ() -> None:
    assert _judged(windows=_windows((1.0, 1.19, 1.0, 1.1, 0.9))).reasons == ()
    reasons = _judged(windows=_windows((1.0, 1.0, 1.0, 1.0, 1.3))).reasons
    assert reasons[0].startswith("not steady: p50 of the windows lies between 1.000 and 1.300 ms")


def test_swapping_meanwhile_is_a_reason_and_swap_of_old_a_note() -> None:
    judged = _judged(_with(3, swap_used_bytes=64 * 2**20))
    assert judged.reasons == ("swap in use: 64 MiB were swapped out while the measurement went on",)
    judged = _judged(_with(0, swap_used_bytes=64 * 2**20))
    assert judged.reasons == ()
    assert "64 MiB of swap are in use on this machine" in judged.notes


@pytest.mark.parametrize(
    ("asked", "xnnpack", "part"),
    [
        ("xnnpack", False, "took over no part"),
        ("none", True, "plain kernels were to run"),
        ("xnnpack", True, None),
        ("none", False, None),
        (None, False, None),
    ],
)
def test_another_delegate_than_asked_for(asked: str | None, xnnpack: bool, part: str | None) -> None:
    reasons = _judged(engine=replace(ENGINE, xnnpack=xnnpack, partitions=int(xnnpack)), asked=asked).reasons
    assert len(reasons) == (part is not None)
    assert all(reason.startswith("another delegate: ") and str(part) in reason for reason in reasons)


def test_plain_kernels_are_never_hidden() -> None:
    judged = _judged(engine=replace(ENGINE, xnnpack=False, partitions=0))
    assert judged.reasons == ()
    assert "XNNPACK runs no part of the model: all of it is on plain kernels" in judged.notes


def test_heat_is_what_a_sustained_run_shows() -> None:
    hot = _with(4, temperatures_c={"cpu-thermal": 82.0}, throttled_now=frozenset({"throttled"}))
    slower = _windows((1.0, 1.0, 1.3, 1.5, 1.6), seconds=10)
    judged = _judged(hot, slower, plan=sustained(0.5))
    assert judged.reasons == ()
    assert [note.split(":")[0] for note in judged.notes[:3]] == ["throttled", "temperature drift", "not steady"]


def test_noise_counts_in_a_sustained_run_too() -> None:
    states = [QUIET]
    for _ in range(5):
        states.append(_later(states[-1], 1.0, others=1.0))
    assert _judged(states, _windows(seconds=10), plan=sustained(0.5)).reasons[0].startswith("noisy neighbour")


_TICKS = st.none() | st.integers(0, 1000)
_CPUS = st.dictionaries(st.integers(0, 3), st.integers(1, 3_000_000), max_size=2)
_BITS = st.none() | st.frozensets(st.sampled_from(["throttled", "under-voltage"]))
_SNAPSHOTS = st.builds(
    Snapshot,
    time=st.floats(0, 100),
    temperatures_c=st.none() | st.dictionaries(st.sampled_from(["a", "b"]), st.floats(-50, 150), max_size=2),
    frequencies_khz=st.none() | _CPUS,
    max_frequencies_khz=st.none() | _CPUS,
    governors=st.none() | st.dictionaries(st.integers(0, 3), st.sampled_from(["powersave", "ondemand"]), max_size=2),
    throttled_now=_BITS,
    throttled_since_boot=_BITS,
    steal_ticks=_TICKS,
    busy_ticks=_TICKS,
    total_ticks=_TICKS,
    own_ticks=_TICKS,
    swap_used_bytes=_TICKS,
)


@given(st.lists(_SNAPSHOTS, min_size=6, max_size=6))
def test_sensors_that_come_go_and_jump_do_no_harm(states: list[Snapshot]) -> None:
    judged = _judged(states)
    assert all(": " in reason for reason in judged.reasons)
