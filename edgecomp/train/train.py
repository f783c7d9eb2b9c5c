"""Trains a network: looks at what there is, checks it, and runs the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..data.subset import spread
from .answers import MOST_BYTES, Answers, Remembered
from .augmentation import Augmentation
from .augmentation_choice import choose_augmentation
from .batch_norm import fused_normalization, quick_statistics
from .checks import check_labels, check_networks, check_outputs
from .course import Course
from .determinism import deterministic_operations
from .examples import Examples
from .features import FeatureMatch, check_matches
from .feed import Feed
from .heads import Head, is_yes_or_no, read_heads
from .identity import identify
from .judge import Judge, all_scores, labels_of
from .loop import run
from .network import call
from .order import Split, split
from .precision import mixed_precision
from .progress import Progress, Trained
from .settings import TrainSettings
from .step import Look, Reader, make_look
from .variables import seed_random_layers
from .views import MOST_VIEWS, Views

if TYPE_CHECKING:
    import keras

PROBED = 64
"""Examples on which outputs are looked at, to tell probabilities from scores."""

FEWEST_FOR_STATISTICS = 32
"""With fewer examples, or batches of fewer than 16, BatchNorm keeps its statistics and dropout rests. Above that the
statistics of a pruned network are better learned anew: from 180 unlabelled photos half a ResNet-8 for CIFAR-10 came
back from 27% to 68.5%, and to 64.7% with the old ones; from 64 photos to 66.4% and 62.7%. 75.1% are what it had before
it was cut. (Accuracy on its test part, one seed; 32 itself was not tried.)"""

FEWEST_IN_BATCH = 16


def train(
    student: keras.Model,
    examples: Examples,
    settings: TrainSettings,
    *,
    teacher: keras.Model | None = None,
    features: Sequence[FeatureMatch] = (),
    checkpoint: Path | None = None,
    remembered: Remembered | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Trained:
    """Trains a network to be closer to labels, to a teacher's answers, or both.

    The network that is given is the one that is trained: afterwards it has the weights of the best epoch, which are
    those it came with where training made nothing better. Hand over a copy to keep the old one; what `apply_plan`
    returns is one already. While training runs, TensorFlow is set to deterministic
    operations, where there is no GPU.

    Args:
        student: any `keras.Model` that takes the examples' inputs, in their order; its outputs may be probabilities or
            scores before softmax or sigmoid.
        examples: see `examples.gather`.
        settings: how.
        teacher: the network that the student came from, with the same inputs and outputs; needed to distill. Where
            labels alone are to be learned from it only says which augmentation the task withstands.
        features: features to draw together; see `features.matches_from_plan`.
        checkpoint: a file that is written as training goes on, and that an interrupted training goes on from, to end
            with the same weights to the bit. It stays where it is in the end, so that a finished training is not
            repeated; the caller removes it.
        remembered: what teachers said in other trainings, and what this one's will have said; where several trainings
            share it, none is asked twice.
        on_progress: is told a few times a second.

    Raises:
        InputError: something does not fit, the checkpoint is of another training, or the loss becomes NaN before the
            first epoch has ended.
    """
    features = features if settings.recover == "distill" else ()
    check_networks(student, teacher, settings)
    if teacher is not None:
        check_matches(features, teacher, student)
    started = time.monotonic()
    identity = identify(student, teacher, examples, settings, features)
    networks = [one for one in (student, teacher) if one is not None]
    with deterministic_operations():
        seed_random_layers(student, settings.seed)
        whose = (identity["the teacher"], identity["the examples"])
        known = {} if remembered is None else remembered
        course = _prepare(student, teacher, examples, settings, features, whose, known)
        quick = quick_statistics(student, course.feed.epoch_steps)
        with mixed_precision(*networks, wanted=settings.mixed_precision), quick, fused_normalization(student):
            return run(course, identity, started, checkpoint, on_progress)


def _prepare(
    student: keras.Model,
    teacher: keras.Model | None,
    examples: Examples,
    settings: TrainSettings,
    features: Sequence[FeatureMatch],
    whose: tuple[str, ...],
    remembered: Remembered,
) -> Course:
    """Everything that the loop works with, checked."""
    few = examples.inputs(spread(len(examples), min(PROBED, len(examples))))
    ours, theirs = (
        None if network is None else [np.asarray(one) for one in call(network, few, training=False)]
        for network in (student, teacher)
    )
    assert ours is not None
    check_outputs(ours, theirs, examples.source)
    reference = ours if theirs is None else theirs
    warnings = check_labels(examples, reference[0], len(reference), settings)
    labels = labels_of(examples)
    heads = read_heads(examples.contract.outputs, reference, yes_or_no=is_yes_or_no(examples.targets))
    learning = Reader.of(student, heads, ours)
    knowing = Reader.of(teacher, heads, theirs) if theirs is not None else learning
    teaching = knowing if settings.recover == "distill" else None
    parts = split(len(examples))
    look = make_look(knowing)
    augmentation = _augmentation(look, heads, examples, parts, settings)
    count = MOST_VIEWS if augmentation else 1
    again = teaching is not None and count * _size(reference, len(examples)) <= MOST_BYTES
    views = Views(examples, augmentation, settings.seed, count if again else None)
    whose = (*whose, str(augmentation), str(settings.seed), str(settings.mixed_precision))
    wanted = None if teaching is None else all_scores(look, examples, parts.judging)
    batch_size = min(settings.batch_size, len(parts.fitting))
    return Course(
        student=learning,
        teacher=teaching,
        feed=Feed(views, parts.fitting, batch_size, labels),
        answers=Answers(look, views, whose, remembered) if again else None,
        judge=Judge(examples, parts.judging, heads, labels, wanted),
        settings=settings,
        features=tuple(features),
        batch_statistics=len(parts.fitting) >= FEWEST_FOR_STATISTICS and batch_size >= FEWEST_IN_BATCH,
        held=parts.held,
        warnings=tuple(warnings),
    )


def _augmentation(
    look: Look, heads: Sequence[Head], examples: Examples, parts: Split, settings: TrainSettings
) -> Augmentation:
    if not settings.augment:
        return Augmentation()
    return choose_augmentation(look, heads[0], examples, parts.judging, settings.seed)


def _size(outputs: Sequence[np.ndarray], count: int) -> int:
    """Bytes of all outputs for so many examples."""
    return sum(4 * count * int(np.prod(one.shape[1:])) for one in outputs)
