"""What training does to networks, labels and teachers of several kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.pruning.plan import apply_plan, plan_pruning
from edgecomp.train.examples import UNLABELLED
from edgecomp.train.features import matches_from_plan
from edgecomp.train.progress import Progress
from edgecomp.train.settings import TrainSettings
from edgecomp.train.train import train

from .networks import accuracy, classifier, corners, examples_of, regressor

QUICK = TrainSettings(epochs=8, batch_size=32, learning_rate=0.01)
BY_LABELS = TrainSettings("labels", epochs=8, batch_size=32, learning_rate=0.01)
TEST = corners(300, seed=9)


def test_labels_teach_a_network_from_nothing() -> None:
    student = classifier()
    trained = train(student, examples_of(student, corners(700), kind="classification"), BY_LABELS)
    assert trained.metric == "accuracy"
    assert trained.held == 70
    assert trained.after > 0.95
    assert accuracy(student, *TEST) > 0.95


def test_a_teacher_teaches_without_labels(teacher: Any) -> None:
    student = classifier(activation=None)
    told: list[Progress] = []
    examples = examples_of(student, corners(700)[0], kind="classification")
    trained = train(student, examples, QUICK, teacher=teacher, on_progress=told.append)
    assert trained.metric == "agreement"
    assert trained.after > 0.95
    assert accuracy(student, *TEST) > 0.95
    assert told[-1].step == told[-1].steps == trained.steps == trained.steps_done
    assert [one.epoch for one in trained.history] == list(range(9))


def test_a_pruned_network_is_won_back_with_the_features_that_the_plan_knows(teacher: Any) -> None:
    plan = plan_pruning(teacher, macs=0.6, importance="l2", multiple=1)
    student = apply_plan(teacher, plan)
    features = matches_from_plan(teacher, plan)
    examples = examples_of(student, corners(700)[0], kind="classification")
    before = accuracy(student, *TEST)
    trained = train(student, examples, QUICK, teacher=teacher, features=features)
    assert trained.after >= trained.before
    assert accuracy(student, *TEST) > max(0.95, before - 0.01)


def test_values_are_learned_from_a_teacher_and_from_targets() -> None:
    teacher, student = regressor(seed=1), regressor(seed=2)
    rows = np.random.default_rng(0).normal(size=(800, 6)).astype(np.float32)
    settings = {"epochs": 40, "batch_size": 32, "learning_rate": 0.01}
    taught = train(
        student,
        examples_of(student, rows, preprocess="none", kind="values"),
        TrainSettings(**settings),
        teacher=teacher,
    )
    assert taught.metric == "relative error"
    assert taught.after < 0.05 < taught.before
    wanted = np.asarray(teacher.predict_on_batch(rows))
    other = regressor(seed=3)
    examples = examples_of(other, (rows, wanted), preprocess="none", kind="values")
    assert train(other, examples, TrainSettings("labels", **settings)).after < 0.05


def test_the_best_weights_are_kept_those_of_the_start_included(teacher: Any) -> None:
    from edgecomp.train.variables import read, write

    student = classifier(12, seed=1)
    write(student, read(teacher)[: len(student.variables)])
    before = student.get_weights()
    examples = examples_of(student, corners(700)[0], kind="classification")
    ruinous = TrainSettings(epochs=1, batch_size=32, learning_rate=3.0)
    trained = train(student, examples, ruinous, teacher=teacher)
    assert trained.best == 0
    assert trained.after == trained.before == 1.0
    assert all(np.array_equal(one, other) for one, other in zip(before, student.get_weights(), strict=True))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    found = []
    for seed in (1, 1, 2):
        student = classifier(seed=4)
        examples = examples_of(student, corners(200), kind="classification")
        train(student, examples, TrainSettings("labels", epochs=4, batch_size=32, seed=seed))
        found.append(student.get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(found[0], found[1], strict=True))
    assert not all(np.array_equal(one, other) for one, other in zip(found[0], found[2], strict=True))


def test_with_few_examples_batch_norm_keeps_its_statistics_and_with_many_it_moves_them() -> None:
    for count, kept in ((24, True), (60, False)):
        student = classifier(seed=4)
        statistics = student.get_layer("norm").moving_mean.numpy()
        examples = examples_of(student, corners(count), kind="classification")
        train(student, examples, TrainSettings("labels", epochs=12, batch_size=32))
        assert np.array_equal(statistics, student.get_layer("norm").moving_mean.numpy()) == kept


def test_a_time_budget_plans_the_steps_and_they_can_be_taken_again(teacher: Any) -> None:
    photos = corners(700)[0]
    student, again = classifier(seed=2), classifier(seed=2)
    examples = examples_of(student, photos, kind="classification")
    trained = train(student, examples, TrainSettings(time_budget=2.0, batch_size=32), teacher=teacher)
    settings = TrainSettings(steps=trained.steps, stop_after=trained.steps_done, changes=trained.changes, batch_size=32)
    repeated = train(again, examples, settings, teacher=teacher)
    assert (repeated.steps, repeated.best) == (trained.steps, trained.best)
    assert all(
        np.array_equal(one, other) for one, other in zip(student.get_weights(), again.get_weights(), strict=True)
    )


def test_mixed_precision_leaves_a_float32_network_behind(teacher: Any) -> None:
    student = classifier()
    settings = replace(QUICK, mixed_precision=True)
    examples = examples_of(student, corners(700)[0], kind="classification")
    trained = train(student, examples, settings, teacher=teacher)
    assert trained.after > 0.9
    assert {layer.dtype_policy.name for layer in (*student.layers, *teacher.layers)} == {"float32"}
    assert accuracy(student, *TEST) > 0.9


def test_a_loss_that_becomes_nan_at_once_is_an_error() -> None:
    student = regressor()
    rows = np.full((300, 6), 1e30, np.float32) * np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    examples = examples_of(student, (rows, np.zeros((300, 2), np.float32)), preprocess="none", kind="values")
    with pytest.raises(InputError, match="training has come apart"):
        train(student, examples, TrainSettings("labels", epochs=1, batch_size=32))


def test_partly_labelled_examples_are_learned_from_as_far_as_they_go(teacher: Any) -> None:
    student = classifier()
    examples = examples_of(student, corners(300), kind="classification")
    assert examples.classes is not None
    some = np.where(np.arange(300) % 2, examples.classes, UNLABELLED)
    examples = replace(examples, classes=some)
    trained = train(student, examples, QUICK, teacher=teacher)
    assert trained.metric == "accuracy"


def test_training_leaves_tensorflow_as_it_found_it(teacher: Any) -> None:
    from tensorflow.python.framework import config

    student = classifier()
    train(student, examples_of(student, corners(220)[0], kind="classification"), QUICK, teacher=teacher)
    assert not config.is_op_determinism_enabled()
