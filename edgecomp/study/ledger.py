"""Which trials count, of all that a study holds: one for each thing tried, whoever died over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

RETRY_OF = "retry_of"
"""User attribute: number of the trial whose worker died, which this one does again."""

GIVEN_UP = "given_up"
"""User attribute: the trial killed so many workers that nobody tries it again."""

REASON = "reason"
"""User attribute: why a trial has no figures."""

MOST_RETRIES = 2


def counted(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that stand for something tried or being tried, by their numbers.

    Failed ones do not count: another does the same again. Of several that do the same trial again (two workers may
    have found it dead at the same time) the first counts; a trial that is being done again counts no more.
    """
    successors: dict[int, int] = {}
    for trial in sorted(trials, key=lambda one: one.number):
        origin = trial.user_attrs.get(RETRY_OF)
        if origin is not None and not _failed(trial):
            successors.setdefault(int(origin), trial.number)
    found = []
    for trial in trials:
        origin = trial.user_attrs.get(RETRY_OF)
        repeated = origin is not None and successors.get(int(origin)) != trial.number
        if not _failed(trial) and not repeated and trial.number not in successors:
            found.append(trial)
    return sorted(found, key=lambda one: one.number)


def place_of(number: int, trials: Sequence[FrozenTrial]) -> int | None:
    """How many trials that count came before this one; None where it does not count itself."""
    numbers = [one.number for one in counted(trials)]
    return numbers.index(number) if number in numbers else None


def unfinished(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Trials that count and that somebody is at, or should be."""
    return [one for one in counted(trials) if not one.state.is_finished()]


def retries(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> int:
    """How often the same has been tried before this trial."""
    by_number = {one.number: one for one in trials}
    count = 0
    origin = trial.user_attrs.get(RETRY_OF)
    while origin is not None and int(origin) in by_number:
        count += 1
        origin = by_number[int(origin)].user_attrs.get(RETRY_OF)
    return count


def _failed(trial: FrozenTrial) -> bool:
    from optuna.trial import TrialState

    return trial.state == TrialState.FAIL and not trial.user_attrs.get(GIVEN_UP)
