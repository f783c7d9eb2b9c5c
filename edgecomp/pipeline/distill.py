"""Distillation into a student of the user's own: two networks and samples in, one trained network out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecomp_runtime.preprocess import build_contract

from ..data import PreparedSet, open_data, prepared, resolve_preprocess
from ..errors import InputError
from ..models import OpenedModel
from ..progress import Step, Steps
from .answers import describe_outputs
from .log_file import log_file, native_output_to
from .opening import open_with
from .options.distillation import DistillOptions
from .options.keywords import keywords_of
from .options.shared import OpeningOptions
from .output import writing_to
from .samples import check_specs, class_names, has_class_labels

if TYPE_CHECKING:
    from ..train.features import FeatureMatch
    from ..train.progress import Progress, Trained
    from ..train.settings import TrainSettings

DESCRIBED_SAMPLES = 16
"""Samples from whose answers the meaning of the outputs is told."""


@dataclass(frozen=True)
class Distilled:
    """What was made.

    Args:
        file: the trained student.
        trained: how training went.
        preprocess: how raw values became input, as it is asked for with --preprocess.
        reason: why.
        warnings: sentences a user should read.
    """

    file: Path
    trained: Trained
    preprocess: str
    reason: str
    warnings: tuple[str, ...]


@keywords_of(DistillOptions)
def distill(teacher: str | Path, options: DistillOptions) -> Distilled:
    """Trains a student on a teacher's answers, and writes it as a .keras file.

    A run that was killed goes on from the checkpoint that lies beside `out` (`NAME.keras.checkpoint`) when it is
    started again with the same arguments; the checkpoint goes when the file has been written.

    Args:
        teacher: a model file that opens as a Keras model.
        options: see `DistillOptions`; each of them is a keyword argument.

    Raises:
        TypeError: an option that there is none of; names the nearest.
        InputError: something given cannot be used; says what and what to do.
    """
    from ..train.settings import TrainSettings

    out, force = Path(options.out), options.force
    _check_out(out, force=force)
    check_specs(options.data)
    names = class_names(options.labels)
    with log_file() as log, native_output_to(log, options.console), Steps(options.console) as steps:
        with steps.step("open", "opening both models"):
            knowing, learning = (_opened(Path(path), options) for path in (teacher, options.student))
            features = _features(knowing, learning) if options.match_features else ()
        samples, why, warnings = _samples(knowing, options.data, options.preprocess or "auto", names)
        lesson = _Lesson(knowing.keras_model, learning.keras_model, options.settings or TrainSettings(), features)
        trained = _train(lesson, samples, _checkpoint(out), steps, force=force)
        with writing_to(out):
            _write(learning.keras_model, out)
            _checkpoint(out).unlink(missing_ok=True)
    told = tuple(dict.fromkeys([*knowing.warnings, *learning.warnings, *warnings, *trained.warnings]))
    return Distilled(out, trained, samples.contract.preprocess, why, told)


def _opened(path: Path, options: OpeningOptions) -> OpenedModel:
    opened = open_with(path, options)
    if opened.keras_model is None:
        raise InputError(f"{path} is a {opened.format}, and only Keras models can be trained or learned from")
    return opened


def _samples(
    teacher: OpenedModel, data: Any, preprocess: str, names: Sequence[str] | None
) -> tuple[PreparedSet, str, list[str]]:
    """The samples as the teacher takes them, why so, and warnings."""
    dataset = open_data(data, inputs=teacher.inputs, labels=names)
    resolved = resolve_preprocess(
        preprocess, opened_inputs=teacher.inputs, dataset=dataset, keras_model=teacher.keras_model
    )
    contract = build_contract(resolved.preprocess, teacher.inputs, teacher.outputs, images=dataset.kind == "images")
    few = [sample.feeds for _, sample in zip(range(DESCRIBED_SAMPLES), prepared(dataset, contract), strict=False)]
    described = describe_outputs(
        contract, _answers(teacher, few), labels=names or dataset.class_names, class_labels=has_class_labels(dataset)
    )
    return prepared(dataset, described), resolved.reason, [*dataset.warnings, *resolved.warnings]


def _answers(teacher: OpenedModel, feeds: Sequence[dict[str, Any]]) -> list[list[Any]]:
    import numpy as np

    from ..train.network import call

    return [[np.asarray(one) for one in call(teacher.keras_model, list(one.values()), training=False)] for one in feeds]


@dataclass(frozen=True, eq=False)
class _Lesson:
    """Who learns what from whom, and how."""

    teacher: Any
    student: Any
    settings: TrainSettings
    features: tuple[FeatureMatch, ...]


def _features(teacher: OpenedModel, student: OpenedModel) -> tuple[FeatureMatch, ...]:
    from ..train.features import matches_by_name

    features = matches_by_name(teacher.keras_model, student.keras_model)
    if not features:
        raise InputError(
            "there are no features to match: no stage of the teacher ends in a layer whose name and shape the student "
            "has too; leave --match-features out, or name the student's layers after the teacher's"
        )
    return features


def _train(lesson: _Lesson, samples: PreparedSet, checkpoint: Path, steps: Steps, *, force: bool) -> Trained:
    from ..train.checkpoint import forget_others
    from ..train.checks import check_networks
    from ..train.examples import gather
    from ..train.identity import identify
    from ..train.train import train

    teacher, student, settings, features = lesson.teacher, lesson.student, lesson.settings, lesson.features
    check_networks(student, teacher, settings)
    with steps.step("read", "reading the samples") as step:
        examples = gather(samples)
        step.detail = f"{len(examples)} samples"
    with steps.step("train", "training") as step:
        if force:
            forget_others(checkpoint, identify(student, teacher, examples, settings, features))
        trained = train(
            student,
            examples,
            settings,
            teacher=teacher,
            features=features,
            checkpoint=checkpoint,
            on_progress=lambda progress: _show(step, progress),
        )
        step.detail = f"{trained.metric} {trained.before:.3f} -> {trained.after:.3f}"
    return trained


def _check_out(out: Path, *, force: bool) -> None:
    if out.suffix != ".keras":
        raise InputError(f"--out {out}: name a file that ends in .keras, which is what is written")
    if out.is_dir():
        raise InputError(f"{out} is a folder; name a .keras file")
    if out.exists() and not force:
        raise InputError(f"{out} exists; name another file or pass --force to replace it")
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} to write {out.name} to; make it first")


def _write(model: Any, out: Path) -> None:
    """Writes a model beside its place, and moves it there in one step."""
    partial = out.with_name(f".{out.stem}.partial.keras")
    try:
        model.save(partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _checkpoint(out: Path) -> Path:
    return out.with_name(f"{out.name}.checkpoint")


def _show(step: Step, progress: Progress) -> None:
    left = f"{progress.seconds_left / 60:.0f} min" if progress.seconds_left >= 90 else f"{progress.seconds_left:.0f} s"
    figure = f"{progress.metric} {progress.value:.3f}"
    step.at(progress.step, progress.steps, f"training: epoch {progress.epoch}, {figure}, {left} left")
