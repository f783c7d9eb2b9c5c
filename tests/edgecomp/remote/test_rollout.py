"""In which order devices have their turn, and when that stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from edgecomp.errors import InputError
from edgecomp.remote.dialer import Dialer
from edgecomp.remote.host import Access, Host
from edgecomp.remote.rollout import Outcome, carry_out, plan_rollout

HOSTS = [Host(f"host{number}", f"host{number}") for number in range(6)]


def roll_out(failing: Sequence[int], *, canary: int = 1, parallel: int = 1, keep_going: bool = False) -> list[str]:
    """What became of the hosts, of which some fail: "done", "failed" or "not tried"."""

    def action(host: Host) -> str:
        if HOSTS.index(host) in failing:
            raise InputError(f"{host}: no")
        return "done"

    plan = plan_rollout(HOSTS, canary=canary, parallel=parallel, keep_going=keep_going)
    outcomes = carry_out(plan, action, Dialer(Access()))
    assert [one.host for one in outcomes] == HOSTS
    return [one.found or ("failed" if one.error else "not tried") for one in outcomes]


def test_all_are_done() -> None:
    assert roll_out([]) == ["done"] * 6


def test_the_first_failure_stops_what_has_not_begun() -> None:
    assert roll_out([2]) == ["done", "done", "failed", "not tried", "not tried", "not tried"]


def test_others_keep_going_where_that_is_asked_for() -> None:
    assert roll_out([2, 4], keep_going=True) == ["done", "done", "failed", "done", "failed", "done"]


@pytest.mark.parametrize("keep_going", [False, True])
def test_a_canary_that_fails_stops_everything(keep_going: bool) -> None:
    assert roll_out([1], canary=2, keep_going=keep_going) == ["done", "failed", *["not tried"] * 4]


def test_the_others_wait_for_the_canary_and_only_so_many_run_at_once() -> None:
    running: set[str] = set()
    most: list[int] = []
    started: list[str] = []
    changed = threading.Condition()

    def action(host: Host) -> bool:
        with changed:
            started.append(host.name)
            running.add(host.name)
            most.append(len(running))
            changed.notify_all()
            assert host.name == "host0" or "host0" not in running
            # The first of the others is at it until there is a second one.
            assert host.name == "host0" or changed.wait_for(lambda: max(most) >= 2, timeout=60)
        time.sleep(0.02)
        with changed:
            running.discard(host.name)
        return True

    carry_out(plan_rollout(HOSTS, canary=1, parallel=2, keep_going=False), action, Dialer(Access()))
    assert started[0] == "host0"
    assert max(most) == 2


def test_outcomes_are_told_as_they_come() -> None:
    told: list[Outcome[int]] = []
    plan = plan_rollout(HOSTS, canary=0, parallel=3, keep_going=False)
    outcomes = carry_out(plan, lambda host: HOSTS.index(host), Dialer(Access()), told.append)
    assert sorted(told, key=lambda one: one.host.name) == outcomes


def test_a_fault_of_ours_comes_through_and_ends_all() -> None:
    def action(host: Host) -> int:
        raise ZeroDivisionError

    dialer = Dialer(Access())
    with pytest.raises(ZeroDivisionError):
        carry_out(plan_rollout(HOSTS, canary=0, parallel=3, keep_going=False), action, dialer)
