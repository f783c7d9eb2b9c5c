"""What a search has tried so far, and what that says of what to try next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from ...errors import InputError
from ...planner.limits import Figures, Goal, Limits, best, nearest
from ...planner.stages import Run
from ..recipes.recipe import Recipe
from .candidate import Candidate, Kitchen, Outcome
from .proposals import budget_of, continued, pruned

LEAST_SECONDS = 2.0
"""No training is shorter."""

SAFETY = 0.75
"""Of the limit, that is aimed at: a training ends by about a fifth better or worse than was expected of it, and what is
chosen by some samples looks a little better on them than it is. Less is not safer: in simulated searches with losses
that are known to a point, half of the limit kept it in 96% of them and three quarters in 93%, at a quarter more
pruned."""

INTEGER_GAP = 0.2
"""Of what is allowed: where integers alone lose more, training goes on with their rounding in place."""

TELLING = 4.0
"""Of what is allowed: what integers cost a network that has lost more is mostly chance."""

NORMAL = 1.96
"""Standard errors to either side of the mean, that 95% of a normal distribution are within."""

BISECTIONS = 5


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Args:
        goal: what is to be small.
        limits: what has to be kept.
        seconds: for all of it; None for the default where there is training.
    """

    goal: Goal
    limits: Limits
    seconds: float | None = None


@dataclass(frozen=True)
class Tried:
    """A recipe that was carried out.

    Args:
        name: "#0", "#1", in order.
        stage: 0 for what is not trained or only for a moment, 1 and 2 for longer trainings.
        outcome: what came of it.
    """

    name: str
    stage: int
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Trained:
    """A candidate that was pruned and trained.

    Args:
        run: what the planner is told of it.
        candidate: itself.
    """

    run: Run
    candidate: Candidate


class Table:
    """What was tried so far."""

    def __init__(self, kitchen: Kitchen, wanted: Wanted) -> None:
        self.kitchen, self.wanted = kitchen, wanted
        self.tried: list[Tried] = []
        self.candidates: dict[str, Candidate] = {}
        self.overhead = 0.0
        self._gaps: list[float] = []

    @property
    def figures(self) -> dict[str, Figures]:
        """What each of them costs."""
        return {name: one.figures for name, one in self.candidates.items()}

    @property
    def as_it_was(self) -> Run:
        """The network without pruning: no time makes that better."""
        return Run(0.0, float("inf"), self.figures["#0"].loss_points)

    @property
    def allowed(self) -> float:
        """Points that are aimed at."""
        most = self.wanted.limits.max_drop
        return float("inf") if most is None else SAFETY * most

    @property
    def integers_cost(self) -> bool:
        """Whether integers lose much of what is allowed: behind the last training, or else in the network as it was."""
        gap = self._gaps[-1] if self._gaps else max(0.0, self.figures["#0"].loss_points)
        return gap > INTEGER_GAP * self.allowed

    def run(self, recipe: Recipe, *, stage: int, after: Candidate | None = None) -> Candidate:
        """Carries a recipe out, or what is left of it behind another."""
        candidate = self.kitchen.carry_out(recipe, after)
        name = f"#{len(self.tried)}"
        self.candidates[name] = candidate
        self.tried.append(Tried(name, stage, candidate.outcome))
        return candidate

    @cached_property
    def most(self) -> float:
        """What can be pruned at the most, of the goal's costs; all other shares here are shares of it."""
        return self.kitchen.most_share(self._pruned(0.5, None, of=1.0))

    def train(
        self, share: float, seconds: float, *, stage: int, qat: bool = False, after: Trained | None = None
    ) -> Trained:
        """Prunes and trains.

        Args:
            share: of what can be pruned, that is gone in the end.
            seconds: of training.
            stage: see `Tried`.
            qat: whether the rounding of integers is in place at the end.
            after: what is pruned and trained further; None begins with the network as it was.

        Raises:
            InputError: what it goes on from cannot be pruned so much further.
        """
        seconds = max(LEAST_SECONDS, seconds)
        if after is None:
            candidate = self.run(self._pruned(share, seconds, qat=qat), stage=stage)
        else:
            recipe = self._continued(after, share, seconds, qat=qat)
            candidate = self.run(recipe, stage=stage, after=after.candidate)
        self.overhead = max(0.0, candidate.outcome.seconds - seconds)
        loss = candidate.figures.loss_points
        if loss <= TELLING * self.allowed:
            self._gaps.append(loss - self.kitchen.judge(candidate.shrunk.model.file).points)
        error = (candidate.outcome.judged.noise or 0.0) / NORMAL
        return Trained(Run(share, seconds + (after.run.seconds if after else 0.0), loss, error), candidate)

    def least_share(self) -> float:
        """What has to go at least, for the limits of latency and size; 0 where all is within them already.

        Found by cutting in halves; nothing is trained for that.

        Raises:
            InputError: they cannot be kept, whatever goes.
        """
        limits = self.wanted.limits

        def excess(share: float) -> tuple[str, ...]:
            figures = self.kitchen.carry_out(self._pruned(share, None, quick=True)).figures
            return limits.too_large(figures.latency, figures.bytes)

        unpruned = self.figures["#0"]
        if not limits.too_large(unpruned.latency, unpruned.bytes):
            return 0.0
        low, high = 0.0, 0.98
        if left := excess(high):
            raise InputError(
                f"not even the smallest network that pruning can make keeps the limits: {' and '.join(left)}. "
                "Allow more, or start from a smaller network"
            )
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) else (low, middle)
        return round(high, 4)

    def verdict(self) -> tuple[str, bool]:
        """The name of the best, and whether it keeps the limits."""
        found = best(self.figures, self.wanted.limits, self.wanted.goal)
        return found or nearest(self.figures, self.wanted.limits), found is not None

    def _continued(self, after: Trained, share: float, seconds: float, *, qat: bool) -> Recipe:
        base = self.kitchen.plan.recipe
        recipe = continued(after.candidate.outcome.recipe, round(share * self.most, 4), seconds)
        assert recipe.train is not None
        asked = base.train is not None and base.train.qat
        return replace(recipe, quantize=base.quantize, train=replace(recipe.train, qat=qat or asked))

    def _pruned(
        self,
        share: float,
        seconds: float | None,
        *,
        qat: bool = False,
        quick: bool = False,
        of: float | None = None,
    ) -> Recipe:
        plan = self.kitchen.plan
        share = round(share * (self.most if of is None else of), 4)
        recipe = pruned(
            plan.recipe, budget_of(self.wanted.goal, plan.target), share, "global", seconds=seconds, qat=qat
        )
        if not quick:
            return recipe
        return replace(recipe, quantize=replace(recipe.quantize, effort="low"))
