"""Chooses the channels to remove for a budget: least importance for most savings first. Needs no TensorFlow."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

import numpy as np

from ..errors import InputError
from .costs import CostTerm, LatencyModel
from .tally import COSTS, Tally
from .widths import Ladder

Ranking = Literal["global", "local", "measured"]

_CALLED = {"macs": "MACs", "params": "parameters", "bytes": "bytes", "latency": "predicted latency"}


class TooMuchError(InputError):
    """More is to be removed than can be.

    Args:
        message: for the user.
        most: the share that can be removed, 0 to 1.
    """

    def __init__(self, message: str, most: float) -> None:
        super().__init__(message)
        self.most = most


@dataclass(frozen=True)
class Budget:
    """A share of a cost to remove.

    Args:
        of: "macs", "params", "bytes" or "latency".
        share: at least this much of it, above 0 and below 1.
    """

    of: Literal["macs", "params", "bytes", "latency"]
    share: float

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(
                f"the share of the {_CALLED[self.of]} to remove is between 0 and 1, not {self.share}: 0.5 removes half"
            )


def choose_channels(
    terms: Sequence[CostTerm],
    ladders: Sequence[Ladder],
    budgets: Sequence[Budget],
    *,
    ranking: Ranking = "global",
    latency: LatencyModel | None = None,
) -> tuple[int, ...]:
    """Chooses channels so that every budget is kept, and no more than that takes.

    Groups go down their ladders one rung at a time until the budgets are kept; then steps that were not needed after
    all are taken back.

    Args:
        terms: what the network costs.
        ladders: how its groups can be cut.
        budgets: what is to be saved; at least one.
        ranking: "global" takes the step that gives up least for what it saves, wherever it is; "local" cuts all groups
            by the same share, as nearly as their widths allow; "measured" is as "global", of ladders whose losses were
            measured (`measured.measured_ladders`).
        latency: predicts milliseconds, for a budget of latency.

    Returns:
        the numbers of the channels to remove, rising.

    Raises:
        InputError: nothing can be pruned.
        TooMuchError: not as much as that can be.
    """
    if not any(len(ladder.cuts) > 1 for ladder in ladders):
        raise InputError(
            "nothing in this model can be pruned: every width is fixed, protected, or as small as it may get. "
            "Allow a smaller multiple, or protect fewer layers"
        )
    descent = _Descent(Tally(terms, ladders, latency), ladders, budgets, ranking)
    chosen = descent.run()
    return tuple(
        sorted(
            channel
            for ladder, rung in zip(ladders, chosen, strict=True)
            for channel in ladder.channels[: ladder.cuts[rung]]
        )
    )


class _Descent:
    """Groups on their way down their ladders."""

    def __init__(self, tally: Tally, ladders: Sequence[Ladder], budgets: Sequence[Budget], ranking: Ranking) -> None:
        self.tally = tally
        self.ladders = ladders
        self.budgets = budgets
        self.ranking = ranking
        self.original = tally.total
        self.allowed = np.full(len(COSTS), np.inf)
        for one in budgets:
            place = COSTS.index(one.of)
            self.allowed[place] = min(self.allowed[place], (1 - one.share) * self.original[place])

    def run(self) -> list[int]:
        """Where each group ends: its rung.

        Always takes the cheapest step. What a step saves only falls while other groups are cut, so a price computed
        before is a lower bound, and only the cheapest one need be computed again. The step that would keep the budgets
        may save far more than is missing: then what smaller steps of other groups give up is looked at too.
        """
        queue = [(self._price_down(group), group) for group in range(len(self.ladders)) if self._can_go_down(group)]
        heapq.heapify(queue)
        best: tuple[float, list[int]] | None = None
        while queue and (best is None or (self.ranking != "local" and self._given_up() < best[0])):
            _, group = heapq.heappop(queue)
            price = self._price_down(group)
            if queue and (price, group) > queue[0]:
                heapq.heappush(queue, (price, group))
            elif self._keeps_budgets(group, self.tally.rungs[group] + 1):
                end = self._end_with(group)
                best = end if best is None else min(best, end)
            else:
                self.tally.move(group, self.tally.rungs[group] + 1)
                if self._can_go_down(group):
                    heapq.heappush(queue, (self._price_down(group), group))
        if best is None:
            raise self._impossible()
        return best[1]

    def _end_with(self, last: int) -> tuple[float, list[int]]:
        """What is given up when a group takes the last step and the steps not needed then are taken back.

        Returns:
            what all groups give up, and the rung of each group. The groups themselves stay where they are.
        """
        before = list(self.tally.rungs)
        self.tally.move(last, before[last] + 1)
        self._climb()
        end = self._given_up(), list(self.tally.rungs)
        for group, rung in enumerate(before):
            if self.tally.rungs[group] != rung:
                self.tally.move(group, rung)
        return end

    def _climb(self) -> None:
        """Takes back steps that the budgets do not need, the dearest first."""
        rungs = self.tally.rungs
        queue = [(-self._price_up(group), group) for group, rung in enumerate(rungs) if rung]
        heapq.heapify(queue)
        while queue:
            _, group = heapq.heappop(queue)
            if self._keeps_budgets(group, rungs[group] - 1):
                self.tally.move(group, rungs[group] - 1)
                if rungs[group]:
                    heapq.heappush(queue, (-self._price_up(group), group))

    def _given_up(self) -> float:
        """What all groups give up."""
        return float(sum(ladder.losses[rung] for ladder, rung in zip(self.ladders, self.tally.rungs, strict=True)))

    def _can_go_down(self, group: int) -> bool:
        return self.tally.rungs[group] + 1 < len(self.ladders[group].cuts)

    def _exceeded(self) -> np.ndarray:
        """Which budgets are not kept yet: bool, see `COSTS`."""
        return self.tally.total > self.allowed

    def _keeps_budgets(self, group: int, rung: int) -> bool:
        """Whether the budgets are kept with a group on another rung."""
        return bool((self.tally.total + self.tally.change(group, rung) <= self.allowed).all())

    def _price_down(self, group: int) -> float:
        rung = self.tally.rungs[group]
        return self._price(group, rung, rung + 1, self._exceeded())

    def _price_up(self, group: int) -> float:
        rung = self.tally.rungs[group]
        return self._price(group, rung, rung - 1, np.isfinite(self.allowed))

    def _price(self, group: int, rung: int, other: int, counted: np.ndarray) -> float:
        """What the step between two neighbouring rungs gives up for what it saves.

        Args:
            group: which one.
            rung: where it stands.
            other: the rung above or below.
            counted: bool, see `COSTS`: what savings count.
        """
        ladder = self.ladders[group]
        above, below = sorted((rung, other))
        if self.ranking == "local":
            return ladder.cuts[below] / len(ladder.channels)
        change = np.abs(self.tally.change(group, other))
        counted = _as_kernels_do(counted)
        saved = float((change[counted] / self.original[counted]).sum())
        given_up = float(ladder.losses[below] - ladder.losses[above])
        return given_up / saved if saved > 0 else np.inf

    def _impossible(self) -> TooMuchError:
        place = int(np.flatnonzero(self._exceeded())[0])
        share = 1 - self.tally.total[place] / self.original[place]
        asked = next(one.share for one in self.budgets if COSTS.index(one.of) == place)
        return TooMuchError(
            f"at most {floor(share * 1000) / 10}% of the {_CALLED[COSTS[place]]} can be removed, not {asked:.1%}: then "
            "every layer is as narrow as it may get. Ask for less, protect fewer layers, or allow a smaller multiple",
            float(share),
        )


def _as_kernels_do(counted: np.ndarray) -> np.ndarray:
    """Counts what kernels do for multiply-accumulates: those that a block computes for nothing save no time."""
    counted = counted.copy()
    macs = COSTS.index("macs")
    counted[COSTS.index("kernel_macs")] = counted[macs]
    counted[macs] = False
    return counted
