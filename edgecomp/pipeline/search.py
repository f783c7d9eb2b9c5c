"""The open search: many recipes tried, by one worker or many, and what is not beaten by any other kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..export.normalization import move_normalization
from ..models import OpenedModel
from ..planner.limits import Figures
from ..progress import Step, Steps
from ..study.objects import key_of
from ..study.samplers import SAMPLERS
from ..study.space import Params, Space
from ..study.storage import check_installed, open_storage
from ..worker import Worker
from .float_file import FloatModel, export
from .log_file import log_file, native_output_to
from .opening import open_with
from .options.conversion import RecipeOptions
from .options.keywords import keywords_of
from .options.searching import SearchOptions
from .recipes.passes import PrunePass
from .recipes.plan import Plan, make_plan
from .samples import check_specs, class_names, open_samples
from .searching.candidate import Kitchen, figures_of, latency_unit
from .searching.choices import first_choices, space_of
from .searching.find import stock_or_none
from .searching.front_data import front_data
from .searching.front_plot import front_svg
from .searching.judging import share_out
from .searching.jury import Jury
from .searching.proposals import budget_of
from .searching.search_data import rival
from .searching.study_folder import Command, StudyFolder, shown_storage, written_down
from .searching.trials import Trials
from .shrinking.trainer import Trainer
from .workbench import Workbench

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

WARM = ("edgecomp.export.native:warm_up", "litert_quantizer", "ai_edge_litert.interpreter", "edgecomp.evaluate.run")


@dataclass(frozen=True)
class SearchResult:
    """What a search came to.

    Args:
        folder: of the search.
        data: all points, and which of them no other beats; `front.json` in the folder.
    """

    folder: Path
    data: dict[str, Any]


@keywords_of(SearchOptions)
def search(model: Any, options: SearchOptions) -> SearchResult:
    """Tries recipes until there are as many as asked for, and shows what none of the others beats.

    Started again, or on another machine with the same storage, it goes on with the same search; a worker that died is
    made up for.

    Args:
        model: path of a model, or a Keras model.
        options: see `SearchOptions`; each of them is a keyword argument.

    Raises:
        TypeError: an option that there is none of; names the nearest.
        InputError: something given cannot be used, Optuna is not installed, or the storage holds another search.
    """
    check_installed()
    folder = StudyFolder(Path(options.out))
    plan = _plan(options)
    _check(options)
    folder.check()
    with (
        log_file() as log,
        Worker(log=log, warm=WARM) as worker,
        native_output_to(log, options.console),
        Steps(options.console) as steps,
    ):
        bench = Workbench(worker, steps, threads=min(plan.target.runtime.threads, os.cpu_count() or 1))
        prepared = _prepare(model, plan, options, folder, bench)
        study = _joined(prepared, options, folder)
        folder.save(_command(model, options, prepared.plan))
        _write_front(study, prepared, bench, folder)
        _work(study, prepared, options, bench, folder)
        data = _write_front(study, prepared, bench, folder)
    return SearchResult(folder.path, data)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """What all trials of a worker have in common."""

    plan: Plan
    original: FloatModel
    jury: Jury
    trainer: Trainer | None
    identity: dict[str, Any]
    """Of the files: what they depend on besides their recipes."""


def _plan(options: SearchOptions) -> Plan:
    training = {} if options.train is None else {"train": options.train, "recover": "distill", "epochs": options.epochs}
    return make_plan(
        RecipeOptions(
            target=options.target,
            scheme=options.scheme,
            preprocess=options.preprocess,
            seed=options.seed,
            **training,
        )
    )


def _check(options: SearchOptions) -> None:
    if options.data is None and options.train is None:
        raise InputError("no samples to calibrate with: give some that look like what the device will see (--data)")
    for name, value in (("trials", options.trials), ("epochs", options.epochs)):
        if value < 1:
            raise InputError(f"--{name} {value}: give 1 or more")
    if options.sampler not in SAMPLERS:
        raise InputError(f"sampler {options.sampler!r} is not one of {', '.join(SAMPLERS)}")
    check_specs(options.data, options.evaluation, options.train)


def _prepare(model: Any, plan: Plan, options: SearchOptions, folder: StudyFolder, bench: Workbench) -> _Prepared:
    """Everything up to the first trial."""
    with bench.steps.step("open", "opening the model") as step:
        opened = open_with(model, options)
        step.detail = opened.format
    names = class_names(options.labels)
    samples = open_samples(plan, opened, options.data, options.evaluation, options.train, names)
    original = export(move_normalization(opened), plan, samples, bench)
    plan = plan.with_preprocess(str(original.preprocess.preprocess))
    # A folder for each worker: two of them may train the same recipe at the same time.
    checkpoints = folder.path / "training" / str(os.getpid())
    trainer = None if plan.recipe.train is None else Trainer(original, plan, bench, checkpoints)
    jury = share_out(original, trainer, bench).jury
    return _Prepared(plan, original, jury, trainer, _identity(opened, plan, original, trainer))


def _identity(opened: OpenedModel, plan: Plan, original: FloatModel, trainer: Trainer | None) -> dict[str, Any]:
    """What the workers of a search must have in common, by the name that an error message has for it."""
    return {
        "model": opened.sha256,
        "target": plan.target.name,
        "calibration": _digest(original),
        "training set": None if trainer is None else trainer.digest,
        "recipe": {**plan.recipe.to_dict(), "target": plan.target.name},
    }


def _digest(original: FloatModel) -> str:
    digest = hashlib.sha256()
    for sample in original.calibration:
        for value in sample.feeds.values():
            digest.update(value.tobytes())
    return digest.hexdigest()


def _joined(prepared: _Prepared, options: SearchOptions, folder: StudyFolder) -> Study:
    from ..study.joining import join_study

    return join_study(
        open_storage(folder.storage(options.storage)), options.study, {**prepared.identity, "sampler": options.sampler}
    )


def _work(study: Study, prepared: _Prepared, options: SearchOptions, bench: Workbench, folder: StudyFolder) -> None:
    """Takes part until all trials are done."""
    from ..study.worker import Job, StudyWorker

    ready = _ready(prepared, bench, folder)
    job = Job(ready.space, options.trials, options.sampler, options.seed, ready.first)  # type: ignore[arg-type]
    with bench.steps.step("search", "searching") as step:
        StudyWorker(study, job, ready.trials.evaluate, on_change=lambda all_: _show(step, all_, options.trials)).run()
        step.detail = f"{options.trials} trials"


@dataclass(frozen=True, eq=False)
class Ready:
    """All that trials need.

    Args:
        space: what can be chosen.
        first: what the planner would try first.
        kitchen: carries recipes out.
        trials: carries choices out, and remembers what came of them.
        worst: what the float model costs, which nothing should exceed.
    """

    space: Space
    first: tuple[Params, ...]
    kitchen: Kitchen
    trials: Trials
    worst: Figures


@contextmanager
def prepared_for(model: Any, options: SearchOptions) -> Iterator[Ready]:
    """Everything up to the first trial, for whoever chooses by other means than a study's workers."""
    plan, folder = _plan(options), StudyFolder(Path(options.out))
    with log_file() as log, Worker(log=log, warm=WARM) as worker, Steps(options.console) as steps:
        bench = Workbench(worker, steps, threads=min(plan.target.runtime.threads, os.cpu_count() or 1))
        yield _ready(_prepare(model, plan, options, folder, bench), bench, folder)


def _ready(prepared: _Prepared, bench: Workbench, folder: StudyFolder) -> Ready:
    plan = prepared.plan
    keras = prepared.original.model.keras_model is not None
    space = space_of(plan.recipe, plan.target, keras=keras, train=prepared.trainer is not None)
    kitchen = Kitchen(prepared.original, plan, bench, prepared.jury, prepared.trainer)
    most = {
        budget: kitchen.most_share(replace(plan.recipe, prune=PrunePass(0.5, budget))) if keras else 0.0
        for budget in (budget_of("latency", plan.target), "bytes")
    }
    trials = Trials(kitchen, plan.recipe, folder.objects, prepared.identity, most)
    worst = figures_of(prepared.original.file, 0.0, plan.target)
    return Ready(space, first_choices(space), kitchen, trials, worst)


def _show(step: Step, trials: Sequence[FrozenTrial], wanted: int) -> None:
    from ..study.ledger import counted

    done = sum(one.state.is_finished() for one in counted(trials))
    step.at(done, wanted, f"searching: {done} of {wanted} trials done")


def _write_front(study: Study, prepared: _Prepared, bench: Workbench, folder: StudyFolder) -> dict[str, Any]:
    data = _told(study.get_trials(deepcopy=False), prepared, bench, folder)
    folder.write_front(data, front_svg(data["points"], data["latency_unit"]))
    return data


def _told(trials: Sequence[FrozenTrial], prepared: _Prepared, bench: Workbench, folder: StudyFolder) -> dict[str, Any]:
    jury, unit = prepared.jury, latency_unit(prepared.plan.target)
    rivals = _rivals(prepared, bench, folder)
    noise = max((one["high"] - one["low"] for one in rivals if one["low"] is not None), default=None)
    told = {
        "search": 1,
        "target": prepared.plan.target.name,
        "latency_unit": unit,
        "judged_on": {"set": jury.source, "n": jury.n, "measure": jury.measure},
        "noise_points": None if not noise else noise / 2,
    }
    return front_data(trials, rivals, told)


def _rivals(prepared: _Prepared, bench: Workbench, folder: StudyFolder) -> list[dict[str, Any]]:
    """The float model and the stock converter's file; made once."""
    key = key_of(prepared.identity, "rivals")
    known = folder.objects.result(key)
    if isinstance(known, list):
        return known
    original, target = prepared.original, prepared.plan.target
    points = [rival("float", figures_of(original.file, 0.0, target), None)]
    stock = stock_or_none(original, bench)
    if stock is not None:
        judged = prepared.jury.judge(stock)
        points.append(rival("stock", figures_of(stock, judged.points, target), judged))
    folder.objects.remember(key, points)
    return points


def _command(model: Any, options: SearchOptions, plan: Plan) -> Command:
    custom = options.custom_objects
    return Command(
        model=written_down(Path(model)) if isinstance(model, (str, Path)) else None,
        target=plan.recipe.target,
        data=written_down(options.data),
        train=written_down(options.train),
        evaluation=written_down(options.evaluation),
        preprocess=plan.recipe.preprocess,
        labels=written_down(options.labels),
        custom_objects=custom if isinstance(custom, str) else None,
        allow_code=options.allow_code,
        input_shape=options.input_shape,
        storage=shown_storage(options.storage),
        study=options.study,
        latency_unit=latency_unit(plan.target),
    )
