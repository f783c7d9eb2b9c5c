"""Many devices: in which order, how many at once, and when to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import EdgecompError
from .dialer import Dialer
from .host import Host

Found = TypeVar("Found")


@dataclass(frozen=True)
class Rollout:
    """The plan: what is done on which devices when.

    Args:
        waves: devices in the order of their turn. The next wave starts when all of the one before are done.
        parallel: how many of a wave are under way at once.
        keep_going: whether a device that fails stops those of its wave that have not begun. It always stops the waves
            after it, unless it is in the last.
    """

    waves: tuple[tuple[Host, ...], ...]
    parallel: int
    keep_going: bool

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All devices."""
        return tuple(host for wave in self.waves for host in wave)


@dataclass(frozen=True)
class Outcome(Generic[Found]):
    """What came of a device.

    Args:
        host: the device.
        found: what was done there, or None.
        error: why it was not; None for a device whose turn never came, too.
    """

    host: Host
    found: Found | None = None
    error: EdgecompError | None = None

    @property
    def tried(self) -> bool:
        """Whether its turn came."""
        return self.found is not None or self.error is not None


def plan_rollout(hosts: Sequence[Host], *, canary: int, parallel: int, keep_going: bool) -> Rollout:
    """Puts devices into waves.

    Args:
        hosts: the devices, in the order of their inventory.
        canary: how many have to succeed before the others begin. A single device is nobody's canary.
        parallel: how many at once.
        keep_going: whether other devices go on where one fails.
    """
    first, rest = tuple(hosts[:canary]), tuple(hosts[canary:])
    return Rollout(tuple(wave for wave in (first, rest) if wave), parallel, keep_going)


def carry_out(
    rollout: Rollout,
    action: Callable[[Host], Found],
    dialer: Dialer,
    on_done: Callable[[Outcome[Found]], object] = lambda _: None,
) -> list[Outcome[Found]]:
    """Does something on every device, as planned.

    Args:
        rollout: the plan.
        action: what is done, with connections of `dialer`; called from several threads.
        dialer: ends the connections when this is interrupted.
        on_done: called in this thread with each outcome as it comes.

    Returns:
        the outcomes in the order of the plan; devices whose turn never came were not tried.
    """
    outcomes: dict[Host, Outcome[Found]] = {}
    for wave in rollout.waves:
        for outcome in _wave(wave, rollout, action, dialer, on_done):
            outcomes[outcome.host] = outcome
        if any(outcome.error is not None for outcome in outcomes.values()):
            break
    return [outcomes.get(host, Outcome(host)) for host in rollout.hosts]


def _wave(
    hosts: Sequence[Host],
    rollout: Rollout,
    action: Callable[[Host], Found],
    dialer: Dialer,
    on_done: Callable[[Outcome[Found]], object],
) -> list[Outcome[Found]]:
    failed = threading.Event()

    def one(host: Host) -> Outcome[Found]:
        # Asked here and not where turns are given: another device may fail in between.
        if failed.is_set() and not rollout.keep_going:
            return Outcome(host)
        try:
            return Outcome(host, found=action(host))
        except EdgecompError as error:
            failed.set()
            return Outcome(host, error=error)
        except BaseException:
            failed.set()
            raise

    outcomes = []
    with ThreadPoolExecutor(max_workers=max(1, min(rollout.parallel, len(hosts)))) as pool:
        waiting: set[Future[Outcome[Found]]] = {pool.submit(one, host) for host in hosts}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    outcomes.append(future.result())
                    if outcomes[-1].tried:
                        on_done(outcomes[-1])
        except BaseException:
            failed.set()
            pool.shutdown(wait=False, cancel_futures=True)
            dialer.hang_up()
            raise
    return outcomes
