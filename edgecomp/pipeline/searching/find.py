"""The search within a conversion, from the samples that judge to the data of the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...errors import EdgecompError, InputError
from ...planner.giving import ways_out
from ..float_file import FloatModel
from ..quantizing.compress import stock_file
from ..recipes.plan import Plan
from ..shrinking.trainer import Trainer
from ..workbench import Workbench
from .candidate import Candidate, Kitchen, latency_unit
from .choose import Choice, choose
from .judging import share_out
from .search_data import search_data
from .table import Wanted


@dataclass(frozen=True, eq=False)
class Found:
    """What a search leaves for the rest of the conversion.

    Args:
        candidate: the best, with the stock converter's file beside its own.
        choice: how it was found.
        original: the float model, with the samples to report on.
        data: for the report.
    """

    candidate: Candidate
    choice: Choice
    original: FloatModel
    data: dict[str, Any]


def find(original: FloatModel, plan: Plan, wanted: Wanted, trainer: Trainer | None, bench: Workbench) -> Found:
    """Looks for the best recipe within the limits.

    Args:
        original: the float model.
        plan: target, number format and how training learns.
        wanted: goal, limits and time.
        trainer: None where there are no samples to train on.
        bench: where the work is done.

    Raises:
        InputError: the limits cannot be kept whatever is done, or there are too few samples.
    """
    if wanted.limits.max_latency is not None and latency_unit(plan.target) != "ms":
        raise InputError(
            f"the profile {plan.target.name} does not predict how long operators take, so that --max-latency cannot be "
            "kept: measure with `edgecomp targets fit`, or leave it out"
        )
    shared = share_out(original, trainer, bench)
    jury = shared.jury
    choice = choose(Kitchen(original, plan, bench, jury, trainer), wanted, train=trainer is not None)
    stock = stock_or_none(original, bench)
    best = choice.candidate
    best = replace(best, compressed=replace(best.compressed, stock=stock))
    return Found(best, choice, shared.original, search_data(choice, jury, plan.target, original.file, stock))


def unmet_words(found: Found) -> str:
    """Why nothing was found, and what would have to give."""
    limits, outcome = found.choice.wanted.limits, found.candidate.outcome
    ways = ways_out({one.name: one.outcome.figures for one in found.choice.tried}, limits)
    told = f"no recipe keeps all limits; the nearest has {' and '.join(limits.exceeded(outcome.figures))}"
    judged = f", on {found.data['judged_on']['n']} {found.data['judged_on']['set']} samples"
    return told + judged + (f". What was tried would do with {' or '.join(ways)}" if ways else "")


def lost_words(found: Found, report: dict[str, Any]) -> str:
    """What is to be said where a file that was within the budget by the search's samples is not by the report's."""
    limit, n = found.choice.wanted.limits.max_drop, report["judged_on"]["n"]
    judged, own = found.candidate.outcome.judged, found.data["judged_on"]
    noise = f" (95%: {judged.low:.1f} to {judged.high:.1f})" if judged.low is not None else ""
    return (
        f"the accuracy budget is not met: {report['drop_points']:.2f} points lost on the {n} samples of the report, "
        f"where {limit:g} are allowed, and {judged.points:.2f}{noise} on the {own['n']} that it was chosen by. More of "
        "those samples, more time, or a larger budget would help"
    )


def stock_or_none(original: FloatModel, bench: Workbench) -> bytes | None:
    """The stock converter's file, to stand beside ours; a search does not fail because that converter does."""
    try:
        return stock_file(original, bench)
    except EdgecompError:
        return None
