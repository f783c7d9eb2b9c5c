"""The best recipe within a budget, for `convert`: tries recipes in stages, and carries the last one through."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ...errors import InputError
from ...planner.stages import FIRST_SHARE, FIRST_TIME, LEAST_TIME, MAIN_TIME, share_for, trend
from .candidate import Candidate, Kitchen
from .proposals import RANKINGS, UNTRAINED_SHARES, Ranking, budget_of, gentler_integers, pruned, retrained, untouched
from .table import LEAST_SECONDS, Table, Trained, Tried, Wanted

MOST_TRAININGS = 5

WORTHWHILE = 0.05
"""Of what can be pruned, that a bolder one has to promise."""

BACK = 0.75
"""How far a gentler one goes back at least."""

DEFAULT_SECONDS = 15 * 60.0
"""Where nobody says how long it may take."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What a search ends with.

    Args:
        wanted: what was looked for.
        candidate: the best; where nothing keeps the limits, the nearest.
        name: of it, among `tried`.
        tried: all, in order.
        met: whether it keeps the limits, on the samples that it was chosen by.
        seconds: that it all took.
    """

    wanted: Wanted
    candidate: Candidate
    name: str
    tried: tuple[Tried, ...]
    met: bool
    seconds: float


def choose(kitchen: Kitchen, wanted: Wanted, *, train: bool, now: Callable[[], float] = time.monotonic) -> Choice:
    """Tries recipes until the time is up, and takes the best that keeps the limits.

    Args:
        kitchen: carries them out.
        wanted: goal, limits and time.
        train: whether there are samples to train on.
        now: a clock, in seconds.

    Raises:
        InputError: the model cannot be pruned at all and nothing else can be tried, or a recipe cannot be carried out.
    """
    began = now()
    table = Table(kitchen, wanted)
    table.run(untouched(kitchen.plan.recipe), stage=0)
    if train:
        _with_training(table, wanted, began, now)
    else:
        _without_training(table, wanted)
    name, met = table.verdict()
    return Choice(wanted, table.candidates[name], name, tuple(table.tried), met, now() - began)


def _with_training(table: Table, wanted: Wanted, began: float, now: Callable[[], float]) -> None:
    """A short training, one with most of the time, and what its outcome calls for, each at the share that promises.

    The main one begins anew: with what the first came to it would win little time, and it would learn less boldly.
    """
    seconds = wanted.seconds or DEFAULT_SECONDS
    if not table.most:
        if not wanted.limits.kept(table.figures["#0"]):
            table.run(retrained(table.kitchen.plan.recipe, _left(table, began, now, seconds)), stage=2)
        return
    least = table.least_share()
    if wanted.limits.max_drop is None:  # then nothing goes that need not
        if least:
            table.train(least, _left(table, began, now, seconds), stage=2)
        return
    done = [table.train(max(least, FIRST_SHARE), FIRST_TIME * seconds, stage=0)]
    share = share_for([table.as_it_was, done[0].run], MAIN_TIME * seconds, table.allowed)
    following: Next | None = Next(max(least, share), MAIN_TIME * seconds)
    stage = 1
    while following is not None and len(done) < MOST_TRAININGS:
        try:
            done.append(following.train(table, stage))
        except InputError:
            if following.after is None:
                raise
            return  # what was trained cannot be pruned so much further
        stage, left = 2, _left(table, began, now, seconds)
        following = _next(table, done, left, least) if left > LEAST_TIME * seconds else None


@dataclass(frozen=True)
class Next:
    """What is trained next.

    Args:
        share: of what can be pruned, that is gone in the end.
        seconds: of training.
        after: what is pruned and trained further; None begins with the network as it was.
    """

    share: float
    seconds: float
    after: Trained | None = None

    def train(self, table: Table, stage: int) -> Trained:
        """Does it."""
        return table.train(self.share, self.seconds, stage=stage, qat=table.integers_cost, after=self.after)


def _next(table: Table, done: Sequence[Trained], left: float, least: float) -> Next | None:
    """What to train next with the time that is left.

    Where the budget is kept, the boldest that keeps it is pruned further and trained with all of the time, if that
    promises something. Where it is not kept yet, the gentlest is trained on if that will do, and else gentler ones are
    with half of the time each. None where nothing promises anything.
    """
    most = table.wanted.limits.max_drop
    assert most is not None
    runs = [table.as_it_was, *(one.run for one in done)]
    kept = [one for one in done if one.run.loss <= most]
    if kept:
        best = max(kept, key=lambda one: one.run.share)
        share = share_for(runs, best.run.seconds + left, table.allowed)
        return Next(share, left, best) if share >= best.run.share + WORTHWHILE else None
    gentlest = min(done, key=lambda one: (one.run.share, -one.run.seconds))
    if trend(runs).later(gentlest.run, left) <= table.allowed:
        return Next(gentlest.run.share, left, gentlest)
    gentler = BACK * gentlest.run.share
    share = max(least, min(gentler, share_for(runs, left / 2, table.allowed)))
    return Next(share, left / 2) if share < gentlest.run.share else None


def _without_training(table: Table, wanted: Wanted) -> None:
    """Prunes a little more each time, and falls back to finer numbers where even integers alone lose too much."""
    plan = table.kitchen.plan
    if not wanted.limits.kept(table.figures["#0"]):
        for recipe in gentler_integers(plan.recipe, plan.target.model.schemes):
            table.run(recipe, stage=0)
    if table.kitchen.original.model.keras_model is None:
        return
    budget = budget_of(wanted.goal, plan.target)
    rankings = RANKINGS
    for share in UNTRAINED_SHARES:
        losses: dict[Ranking, float] = {}
        for ranking in rankings:
            with suppress(InputError):  # nothing can go, or not so much
                found = table.run(pruned(plan.recipe, budget, share, ranking), stage=0)
                losses[ranking] = found.figures.loss_points
        most = wanted.limits.max_drop
        if not losses or (most is not None and min(losses.values()) > most):
            return
        rankings = (min(losses, key=lambda one: losses[one]),)


def _left(table: Table, began: float, now: Callable[[], float], seconds: float) -> float:
    """What is left for the last training, with what comes behind it taken off."""
    return max(LEAST_SECONDS, seconds - (now() - began) - table.overhead)
