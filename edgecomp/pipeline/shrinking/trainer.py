"""The training of a run: who learns from whom, for how long, and where the way back after a kill is kept."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...progress import Step
from ..float_file import FloatModel
from ..output import writing_to
from ..quantizing.holdout import Feeds
from ..recipes.passes import TrainPass
from ..recipes.plan import Plan
from ..workbench import Workbench
from .sparsity import sparsity_of

if TYPE_CHECKING:
    from ...train.answers import Remembered
    from ...train.examples import Examples
    from ...train.features import FeatureMatch
    from ...train.progress import Progress, Trained
    from ...train.settings import TrainSettings

QAT_SHARE = 0.3
"""Of the time for all of the training, where channels are won back as well."""

SHARED_SHARE = 0.5
"""Likewise where weights come to share few values, which takes them longer."""

LAST_ROUND = 2.0
"""How much longer the last round trains than each of the others, which need not come to rest."""


def checkpoints(out: Path) -> Path:
    """The folder beside the results where a training that was stopped finds its way back."""
    return out.with_name(f"{out.name}.training")


class Trainer:
    """Trains networks on the samples of a run.

    Args:
        model: the original, with the samples to train on.
        plan: with a train pass.
        bench: shows progress.
        folder: where checkpoints are written; made when the first one is.
    """

    def __init__(self, model: FloatModel, plan: Plan, bench: Workbench, folder: Path) -> None:
        assert plan.recipe.train is not None
        self._model, self._plan, self._bench, self._folder = model, plan, bench, folder
        self._asked: TrainPass = plan.recipe.train
        self._steps: list[tuple[int, ...]] = []
        self._begun, self._spent = 0, 0.0  # rounds and seconds of another trainer
        self._remembered: Remembered = {}

    def for_plan(self, plan: Plan, *, after: Trainer | None = None) -> Trainer:
        """Trains by another recipe on the same samples, which are not read again.

        Args:
            plan: with a train pass.
            after: who has done the recipe's first rounds; None where nobody has.
        """
        other = Trainer(self._model, plan, self._bench, self._folder)
        other._remembered = self._remembered
        other.__dict__["_examples"] = self._examples  # where `cached_property` keeps it
        if after is not None:
            other._begun, other._spent = after._rounds, after._asked.time_budget or 0.0
            other._steps = after._steps[: after._rounds]
        return other

    @property
    def steps(self) -> tuple[tuple[int, ...], ...]:
        """Of each training so far, planned, done, and how the plan changed, for the recipe."""
        return tuple(self._steps)

    def recover(
        self, student: Any, teacher: Any, number: int, title: str, features: Sequence[FeatureMatch] = ()
    ) -> Trained:
        """Trains what pruning left.

        Args:
            student: a Keras model of its own; its weights change.
            teacher: the original.
            number: of the round, from 0.
            title: what the progress shows behind its name.
            features: which of them are drawn to the teacher's.
        """
        sparsify = self._plan.recipe.sparsify
        sparsity = None
        if sparsify is not None and number == self._rounds - 1:  # what goes earlier would be ranked by what it was
            sparsity = sparsity_of(sparsify, recovering=self._plan.recipe.prune is not None)
        learned = replace(self._settings, time_budget=self._time(number), sparsity=sparsity)
        return self._train(student, teacher, learned, features, f"round {number + 1}", f"training{title}")

    def quantized(self, network: Any, teacher: Any, rate: float) -> Trained:
        """Trains a network that rounds as the INT8 file does.

        Args:
            network: a `FakeQuantNetwork`; its weights and ranges change.
            teacher: the original.
            rate: the highest learning rate.
        """
        sparsify, trained = self._plan.recipe.sparsify, self._asked.recover != "none"
        sparsity = None if sparsify is None or trained else sparsity_of(sparsify, recovering=False)
        learned = replace(self._settings, time_budget=self._time(None), learning_rate=rate, sparsity=sparsity)
        return self._train(network, teacher, learned, (), "quantized", "training with quantization in place")

    @property
    def digest(self) -> str:
        """Of the samples and their labels."""
        return self._examples.digest

    @property
    def class_labels(self) -> bool:
        """Whether the labels are classes."""
        return self._examples.classes is not None

    def held_out(self) -> Iterator[tuple[Feeds, Any]]:
        """Samples that nothing was trained on, with their labels (None where there is none)."""
        from ...train.judge import labels_of
        from ...train.order import split

        examples = self._examples
        labels = labels_of(examples)
        names = [one.name for one in examples.contract.inputs]
        for position in split(len(examples)).judging:
            feeds = dict(zip(names, examples.inputs(position[None]), strict=True))
            yield feeds, _label(labels, position)

    def forget(self) -> None:
        """Removes the checkpoints of this recipe alone; others may be at work in the same folder."""
        for one in self._folder.glob(f"*-{self._key[:12]}.npz"):
            one.unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            self._folder.rmdir()

    def close(self) -> None:
        """Removes the checkpoints, once nobody needs a way back."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _train(
        self, student: Any, teacher: Any, settings: TrainSettings, features: Any, name: str, title: str
    ) -> Trained:
        from ...train.train import train

        done = len(self._steps)
        if self._asked.steps is not None and done < len(self._asked.steps):
            planned, ended, *changes = self._asked.steps[done]
            again = tuple(zip(changes[::2], changes[1::2], strict=True))
            settings = replace(settings, steps=planned, stop_after=ended, changes=again, time_budget=None, epochs=None)
        checkpoint = self._folder / f"{name.replace(' ', '-')}-{self._key[:12]}.npz"
        with self._bench.steps.step(f"train {name}", title) as step, self._with_folder():
            trained = train(
                student,
                self._examples,
                settings,
                teacher=teacher,
                features=features,
                checkpoint=checkpoint,
                remembered=self._remembered,
                on_progress=lambda progress: _show(step, title, progress),
            )
            step.detail = (
                f"{trained.metric} {trained.before:.3f} -> {trained.after:.3f} on {trained.held} held-out samples"
            )
        self._steps.append((trained.steps, trained.steps_done, *chain.from_iterable(trained.changes)))
        return trained

    @contextmanager
    def _with_folder(self) -> Iterator[None]:
        """The folder of checkpoints is there while the block lasts, and stays if there is one in it."""
        with writing_to(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        try:
            yield
        except BaseException:
            with suppress(OSError):  # not empty: there is a way back
                self._folder.rmdir()
            raise

    @cached_property
    def _examples(self) -> Examples:
        from ...train.examples import gather

        assert self._model.training is not None
        return gather(self._model.training)

    @cached_property
    def _key(self) -> str:
        """Tells one run from another, so that no run goes on from a checkpoint that is not its own."""
        recipe = {**self._plan.recipe.to_dict(), "quantize": None}
        told = json.dumps([recipe, self._model.model.sha256, self._examples.digest], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def _settings(self) -> TrainSettings:
        from ...train.settings import TrainSettings

        taught = self._asked.recover != "labels"
        return TrainSettings(
            recover="distill" if taught else "labels", epochs=self._asked.epochs, seed=self._plan.recipe.seed
        )

    def _time(self, number: int | None) -> float | None:
        """Seconds of one training: of a round, or (None) of the one with quantization in place."""
        if self._asked.time_budget is None:
            return None
        budget, rounds = self._asked.time_budget - self._spent, self._rounds - self._begun
        if self._asked.recover == "none":
            return budget
        if number is None:
            return budget * self._quantized_share
        parts = rounds - 1 + LAST_ROUND
        share = (LAST_ROUND if number == self._rounds - 1 else 1.0) / parts
        return budget * share * (1 - self._quantized_share if self._asked.qat else 1.0)

    @property
    def _quantized_share(self) -> float:
        """Of the time, where channels or weights are won back as well."""
        return QAT_SHARE if self._plan.recipe.cluster is None else SHARED_SHARE

    @property
    def _rounds(self) -> int:
        """Trainings before the one with quantization in place."""
        if self._plan.recipe.low_rank is None:
            return self._asked.rounds
        # Lower ranks have a round of their own, after those of pruning.
        return self._asked.rounds + 1 if self._plan.recipe.prune is not None else 1


def _label(labels: np.ndarray | None, position: int) -> Any:
    """A class, a target, or None where there is none."""
    if labels is None:
        return None
    label = labels[position]
    known = label >= 0 if labels.dtype.kind == "i" else np.isfinite(label).all()
    return label if known else None


def _show(step: Step, title: str, progress: Progress) -> None:
    left = f"{progress.seconds_left / 60:.0f} min" if progress.seconds_left >= 90 else f"{progress.seconds_left:.0f} s"
    figure = f"{progress.metric} {progress.value:.3f}"
    step.at(progress.step, progress.steps, f"{title}: epoch {progress.epoch}, {figure}, {left} left")
