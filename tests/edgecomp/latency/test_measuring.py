"""Timing and counting small networks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from edgecomp.errors import InputError, MeasurementError
from edgecomp.latency import measuring, turns
from edgecomp.latency.measuring import observe
from edgecomp.latency.micro import MicroModel
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.latency.turns import best_medians


def micro(name: str, side: int) -> MicroModel:
    network = NetworkBuilder("int8")
    return MicroModel(name, network.finish(network.convolution(network.input(1, side, side, 8), 16, 3)))


class Clock:
    """Advances when functions run."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def takes(self, seconds: Iterator[float]) -> None:
        self.now += next(seconds)


def test_a_larger_network_takes_longer_here() -> None:
    try:
        observed = observe([micro("small", 6), micro("large", 60)], "here")
    except MeasurementError as error:
        pytest.skip(f"this machine is busy: {error}")
    small, large = observed.observations
    assert observed.unit == "ns"
    assert "ai_edge_litert 2" in observed.on
    assert 100 < small.cost < large.cost
    assert [work.kind for work in large.works] == ["convolution"]


def test_the_best_turn_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    clock = Clock()
    # Warm-up, a first look and five samples a turn; every other turn is disturbed.
    seconds = itertools.chain.from_iterable(itertools.cycle([[3.0] * 7, [2.0] * 7]))
    (best,), drift = best_medians([lambda: clock.takes(seconds)], clock=clock)
    assert best == 2.0
    assert drift == pytest.approx(0.5)


def test_short_runs_are_timed_many_at_once() -> None:
    clock, counts = Clock(), itertools.count()

    def run() -> None:
        next(counts)
        clock.takes(iter([1e-6]))

    (best,), _ = best_medians([run], clock=clock)
    assert best == pytest.approx(1e-6)
    assert next(counts) > turns.ROUNDS * turns.FEWEST_SAMPLES * 40


def test_an_unsteady_machine_is_no_place_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LARGEST_DRIFT", -1.0)
    with pytest.raises(MeasurementError, match="not steady"):
        observe([micro("any", 6)], "here")


@pytest.mark.parametrize("where", ["there", "emulate", ""])
def test_other_places_are_refused(where: str) -> None:
    with pytest.raises(InputError, match="is none of"):
        observe([], where)


def test_counts_are_of_one_thread() -> None:
    with pytest.raises(InputError, match="one thread"):
        observe([], "emulate:cortex-a53", threads=2)


def test_an_unknown_cpu_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be emulated"):
        observe([micro("any", 6)], "emulate:cortex-x99")
