"""What does not fit together is said before the first epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.train.features import FeatureMatch
from edgecomp.train.settings import TrainSettings
from edgecomp.train.train import train

from .networks import classifier, corners, examples_of, regressor

LABELS = TrainSettings("labels", epochs=1)
DISTILL = TrainSettings(epochs=1)


def _refused(message: str, student: Any, data: Any, settings: TrainSettings = LABELS, **options: Any) -> None:
    kind = options.pop("kind", "classification")
    preprocess = options.pop("preprocess", "0..1")

    def told(_: object) -> None:
        raise AssertionError("an epoch began")

    def attempt() -> None:
        examples = examples_of(student, data, kind=kind, preprocess=preprocess)
        train(student, examples, settings, on_progress=told, **options)

    with pytest.raises(InputError, match=message):
        attempt()


def test_labels_that_are_missing_out_of_range_or_of_another_kind() -> None:
    photos, labels = corners(60)
    _refused("has no labels to train with", classifier(), photos)
    wrong = labels.copy()
    wrong[17] = 4
    _refused(r"x\[17\] has the class 4, but the network has the classes 0 to 3", classifier(), (photos, wrong))
    wrong[17] = -2
    _refused(r"x\[17\] has the negative class -2", classifier(), (photos, wrong))
    rows = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    targets = np.zeros((60, 3), np.float32) + 0.5
    _refused("targets of shape", regressor(), (rows, targets), kind="values", preprocess="none")


def test_a_class_without_an_example_is_an_error_for_labels_and_a_warning_beside_a_teacher() -> None:
    photos, labels = corners(120)
    some = labels != 2
    data = (photos[some], labels[some])
    _refused("no example of the class 2", classifier(), data)
    student = classifier()
    trained = train(student, examples_of(student, data, kind="classification"), DISTILL, teacher=classifier(seed=1))
    assert "no example of the class 2" in " ".join(trained.warnings)


def test_networks_that_do_not_fit_each_other() -> None:
    photos = corners(60)[0]
    _refused("learns from a teacher", classifier(), photos, DISTILL)
    _refused("the student's outputs have the shapes", classifier(), photos, DISTILL, teacher=classifier(classes=5))
    _refused("the student's inputs have the shapes", classifier(), photos, DISTILL, teacher=regressor(4))


def test_a_student_that_is_frozen() -> None:
    student = classifier()
    student.trainable = False
    _refused("no weights that can be trained", student, corners(60))


def test_a_teacher_that_gives_nan() -> None:
    teacher = classifier(seed=1)
    teacher.get_layer("scores").bias.assign(np.full(4, np.nan, np.float32))
    _refused("the teacher gives NaN", classifier(), corners(60)[0], DISTILL, teacher=teacher)


@pytest.mark.parametrize(
    ("match", "message"),
    [
        (FeatureMatch("stage", "nowhere"), "no layer nowhere"),
        (FeatureMatch("stage", "pool"), "are to be matched"),
        (FeatureMatch("stage", "stage", (0, 1)), "are to be matched"),
    ],
)
def test_features_that_cannot_be_compared(match: FeatureMatch, message: str) -> None:
    teacher = classifier(seed=1)
    _refused(message, classifier(), corners(60)[0], DISTILL, teacher=teacher, features=[match])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"time_budget": -1.0}, "time budget is -1"),
        ({"learning_rate": float("nan")}, "learning rate is nan"),
        ({"temperature": 0.0}, "temperature is 0"),
        ({"recover": "none"}, "not from none"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_make_no_sense(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainSettings(**given)
