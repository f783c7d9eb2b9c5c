"""Doing something on every device of an order, and saying what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from ...errors import EdgecompError
from ...progress import Step, Steps
from ...remote.dialer import Dialer
from ...remote.host import Host
from ...remote.rollout import Outcome, carry_out
from ..screen import screen
from .order import Order

Found = TypeVar("Found")

Action = Callable[[Host, Dialer, Step], Found]


def on_all(order: Order, what: str, action: Action[Found]) -> list[Outcome[Found]]:
    """Does something on each device, with a bar, and a line for each as it is done where there are several.

    Args:
        order: the devices.
        what: is done there.
        action: does it, with connections of a dialer; the step shows progress.

    Raises:
        SystemExit: Ctrl-C; what was under way is given up, what is done stays.
    """
    dialer, console = Dialer(order.access), Console(stderr=True)
    several = len(order.hosts) > 1
    done: list[Outcome[Found]] = []
    with Steps(console) as steps, steps.step("devices", f"{what} ({len(order.hosts)} device(s))") as step:

        def on_done(outcome: Outcome[Found]) -> None:
            done.append(outcome)
            if several:
                step.at(len(done), len(order.hosts), what)
                said = str(outcome.error) if outcome.error else f"{outcome.host}: done"
                console.print(said, markup=False, highlight=False, soft_wrap=True)

        try:
            return carry_out(order.rollout, lambda host: action(host, dialer, step), dialer, on_done)
        except KeyboardInterrupt:
            click.echo(
                f"edgecomp: interrupted after {len(done)} of {len(order.hosts)} devices; one that was under way has "
                "its old bundle or the new one, whole in either case (--status says which)",
                err=True,
            )
            raise SystemExit(130) from None


def show(
    order: Order,
    outcomes: Sequence[Outcome[Found]],
    table: Callable[[Sequence[Outcome[Found]]], Table],
    to_dict: Callable[[Found], Mapping[str, Any]],
) -> None:
    """Prints what came of each device, and ends with the error of the first that failed.

    Raises:
        EdgecompError: one failed; with several devices it says how many, and has the exit code of the first.
    """
    failed = [one.error for one in outcomes if one.error is not None]
    if order.json:
        devices = [_data(one, to_dict) for one in outcomes]
        click.echo(json.dumps({"devices": devices}, indent=2, allow_nan=False))
    elif not (failed and len(outcomes) == 1):
        screen().print(table(outcomes))
    if not failed:
        return
    if len(outcomes) == 1:
        raise failed[0]
    left = sum(not one.tried for one in outcomes)
    waiting = f", {left} were not begun" if left else ""
    summary = EdgecompError(f"{len(failed)} of {len(outcomes)} devices failed{waiting}")
    summary.exit_code = failed[0].exit_code
    raise summary


def _data(outcome: Outcome[Found], to_dict: Callable[[Found], Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "host": outcome.host.name,
        "address": outcome.host.url,
        "outcome": "done" if outcome.found is not None else "failed" if outcome.error else "not tried",
        "error": str(outcome.error) if outcome.error else None,
        "exit_code": outcome.error.exit_code if outcome.error else None,
        **({} if outcome.found is None else to_dict(outcome.found)),
    }
