"""When a conversion looks for the recipe by itself, and for what."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from ...errors import InputError
from ...planner.limits import GOALS, Goal, Limits, parse_size
from ..options.conversion import ConvertOptions
from .table import Wanted

DECIDED = ("prune", "qat", "rounds", "epochs", "recipe")
"""Options that say themselves what shall be done."""


def wanted_of(options: ConvertOptions) -> Wanted | None:
    """What is looked for; None where the options or a recipe say what shall be done.

    A search is asked for by a goal or a limit on latency or size; or by samples to train on and a budget of accuracy,
    where nothing says what to train for.

    Raises:
        InputError: a goal that there is none of, nothing that limits it, or options that leave nothing to look for.
    """
    limited = options.max_latency is not None or options.max_size is not None
    decided = [name for name in DECIDED if getattr(options, name) not in (None, False)]
    asked = options.goal is not None or limited
    undecided = options.train is not None and options.max_drop is not None and not decided and options.recover is None
    if not asked and not undecided:
        return None
    if decided:
        option = "--" + decided[0].replace("_", "-")
        raise InputError(f"{option} says what shall be done, and --goal and limits look for it: leave one of them out")
    if options.goal is not None and options.goal not in GOALS:
        raise InputError(f"goal {options.goal!r} is not one of {', '.join(GOALS)}")
    if options.max_drop is None and not limited:
        raise InputError(
            "--goal needs a limit to go to: say what may be lost (--max-drop 1), or --max-latency, --max-size"
        )
    size = None if options.max_size is None else parse_size(options.max_size)
    limits = Limits(options.max_drop, options.max_latency, size)
    goal = options.goal or ("size" if size is not None and options.max_latency is None else "latency")
    return Wanted(cast("Goal", goal), limits, options.time_budget)


def for_search(options: ConvertOptions) -> ConvertOptions:
    """The options with what a search trains by, where there is something to train on."""
    if options.train is None or options.recover is not None:
        return options
    return replace(options, recover="distill")
