"""A point of a search becomes a bundle: its recipe is carried out again, which gives the same file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.halves import Unsearched
from ..errors import BudgetError, InputError
from ..planner.giving import ways_out
from ..planner.limits import GOALS, Limits, best, parse_size
from ..study.storage import is_url, open_storage
from .convert import convert
from .options.keywords import keywords_of
from .options.searching import PickOptions
from .recipes.recipe import Recipe
from .recipes.recipe_file import recipe_from
from .result import ConvertResult
from .searching.front_data import front_data, made_by_trial
from .searching.study_folder import Command, StudyFolder
from .searching.trials import Made

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Picked:
    """What was made.

    Args:
        trial: place of the point in the search.
        made: what is known of it there.
        result: the conversion.
        same: whether the file is the very one of the search, byte for byte.
    """

    trial: int
    made: Made
    result: ConvertResult
    same: bool


@keywords_of(PickOptions)
def pick(folder: Path, options: PickOptions) -> Picked:
    """Takes the best point within the limits, and makes its bundle and report.

    The loss that chose it was measured on the samples of the search; the report has that of --eval.

    Args:
        folder: of the search.
        options: see `PickOptions`; each of them is a keyword argument.

    Raises:
        TypeError: an option that there is none of; names the nearest.
        InputError: there is no search, or its model or samples are not where they were.
        BudgetError: no point keeps the limits; says what would do.
    """
    place = StudyFolder(folder)
    command = place.command()
    place_, made = choose_point(points_of(place, options.storage, command), options)
    result = _converted(command, made, options, searched_on(place))
    digest = hashlib.sha256(result.model.read_bytes()).hexdigest()
    return Picked(place_, made, result, digest == made.file)


def shown(folder: Path, storage: str | None) -> dict[str, Any]:
    """What a search has found so far; what a finished one wrote, with the trials as they are now.

    Raises:
        InputError: there is no search, or its storage cannot be opened.
    """
    place = StudyFolder(folder)
    command = place.command()
    written = place.front()
    told = {key: value for key, value in written.items() if key not in ("points", "trials", "given_up")}
    rivals = [one for one in written["points"] if one["kind"] != "candidate"]
    return front_data(trials_of(place, storage, command), rivals, told)


def points_of(folder: StudyFolder, storage: str | None, command: Command) -> dict[int, Made]:
    """The finished trials of a search, by their places.

    Raises:
        InputError: there is none, or the storage cannot be opened.
    """
    found = made_by_trial(trials_of(folder, storage, command))
    if not found:
        raise InputError(f"no trial of the search in {folder.path} is finished yet")
    return found


def trials_of(folder: StudyFolder, storage: str | None, command: Command) -> Sequence[FrozenTrial]:
    """All trials of a search that has been started."""
    kept = storage or command.storage
    if kept is not None and is_url(kept) and "***" in kept:
        raise InputError("the search is kept in a database with a password: give the whole URL with --storage")
    from ..study.joining import open_study

    return open_study(open_storage(folder.storage(kept)), command.study).get_trials(deepcopy=False)


def choose_point(points: dict[int, Made], options: PickOptions) -> tuple[int, Made]:
    """The point that was asked for, or the best within the limits.

    Raises:
        InputError: there is no such trial, or neither a trial nor a limit is given.
        BudgetError: no point keeps the limits.
    """
    if options.trial is not None:
        if options.trial not in points:
            raise InputError(f"there is no finished trial #{options.trial}: the last one is #{max(points)}")
        return options.trial, points[options.trial]
    if options.goal not in GOALS:
        raise InputError(f"goal {options.goal!r} is not one of {', '.join(GOALS)}")
    size = None if options.max_size is None else parse_size(options.max_size)
    limits = Limits(options.max_drop, options.max_latency, size)
    if limits == Limits():
        raise InputError("say which point: --max-drop 1, --max-latency, --max-size, or --trial N")
    figures = {str(place): made.figures for place, made in points.items()}
    found = best(figures, limits, options.goal)  # type: ignore[arg-type]
    if found is None:
        ways = " or ".join(ways_out(figures, limits)) or "more than one limit loosened"
        raise BudgetError(f"no point of the search keeps the limits; what was found would do with {ways}")
    return int(found), points[int(found)]


def searched_on(folder: StudyFolder) -> str:
    """The set of samples that a search is judged by: "training", "evaluation" or "calibration".

    Raises:
        InputError: nothing was written of it yet, or it is damaged.
    """
    judged = folder.front().get("judged_on")
    return str(judged.get("set")) if isinstance(judged, dict) else "calibration"


def _converted(command: Command, made: Made, options: PickOptions, searched: str) -> ConvertResult:
    if command.model is None or (command.data is None and command.train is None):
        raise InputError(
            "the search was made of a model or samples in memory, which are gone: give its recipe (front.json) to "
            "edgecomp.convert with them"
        )
    recipe: Recipe = recipe_from(made.recipe)
    return convert(
        command.model,
        recipe=recipe,
        data=command.data if command.data is not None else command.train,  # as the search did
        train=command.train if recipe.train is not None else None,
        evaluation=_reported(command, searched),
        labels=command.labels,
        custom_objects=command.custom_objects,
        allow_code=command.allow_code,
        input_shape=_shape(command.input_shape),
        out=options.out,
        force=options.force,
        stock=True,
        version=options.version,
        sign=options.sign,
        hide_samples=options.hide_samples,
        max_drop=options.max_drop if options.trial is None and command.evaluation is not None else None,
        console=options.console,
    )


def _reported(command: Command, searched: str) -> Any:
    """The labelled samples that the search has not looked at."""
    if command.evaluation is None or searched != "evaluation":
        return command.evaluation
    return Unsearched(command.evaluation)


def _shape(stored: Any) -> Any:
    """JSON has no tuples."""
    if isinstance(stored, list):
        return tuple(stored)
    if isinstance(stored, dict):
        return {name: tuple(sizes) for name, sizes in stored.items()}
    return stored
