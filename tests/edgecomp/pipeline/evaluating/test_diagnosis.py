"""Mistakes reach the report of a conversion in words, and one mistake is not taken for another."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.evaluate.assess import Assessment
from edgecomp.evaluate.diagnosis.damaged_layer import MOST_DB
from edgecomp.evaluate.diagnosis.input_range import InputWatch
from edgecomp.evaluate.diagnosis.label_order import Reordered
from edgecomp.evaluate.layers import LayerError
from edgecomp.evaluate.tasks.figures import Figures
from edgecomp.pipeline.evaluating.diagnosis import diagnose, layer_diagnosis

NAMES = ("bottom-left", "bottom-right", "top-left", "top-right")


def assessed(right: float, reordered: float | None = None) -> Assessment:
    order = None if reordered is None else Reordered((1, 0, 2), right, reordered)
    return Assessment(100, figures=Figures("top1", right, 100, more_is_better=True), reordered=order)


@pytest.mark.parametrize(
    ("ours", "reference", "said"),
    [
        (assessed(0.3, 0.9), None, True),
        (assessed(0.3, 0.9), assessed(0.3, 0.92), True),
        (assessed(0.1, 0.88), assessed(0.9), True),
        (assessed(0.12, 0.29), assessed(0.9), False),
        (assessed(0.9), assessed(0.9), False),
    ],
)
def test_another_order_of_labels_is_said_where_it_explains_the_answers(
    ours: Assessment, reference: Assessment | None, said: bool
) -> None:
    found = diagnose(ours, InputWatch({}), (), reference)
    assert bool(found) == said
    assert all(one.startswith("The order of the labels is probably wrong") for one in found)


def test_a_layer_is_blamed_only_where_answers_suffer(network: Callable[[str], Any]) -> None:
    file = network("dense").file
    bad = {"one": LayerError(40.0, 40.0, None, None, 0.0), "two": LayerError(1.0, MOST_DB - 1, None, None, 0.0)}
    suffering = Assessment(100, agreement=0.5, sqnr_db=2.0)
    (said,) = layer_diagnosis(bad, file, (), suffering)
    assert said.startswith("Layer two ruins the answers")
    assert layer_diagnosis(bad, file, (), Assessment(100, agreement=0.99, sqnr_db=2.0)) == []
    assert layer_diagnosis({"one": bad["one"]}, file, (), suffering) == []


def test_labels_in_another_order_and_copies_of_calibration_photos_are_in_the_report(
    corners: Any, quick: Any, tmp_path: Path
) -> None:
    for place, name in enumerate(NAMES):
        shutil.copytree(corners.evaluation / name, tmp_path / "wrong" / NAMES[(place + 1) % 4])
    for photo in sorted((corners.data / "top-left").glob("*.png"))[:3]:
        shutil.copy(photo, tmp_path / "wrong" / "top-right" / f"copy-{photo.name}")
    made = quick(corners.model, data=corners.data, evaluation=tmp_path / "wrong", effort="low", out=tmp_path / "out")
    said = made.report["evaluation"]["diagnosis"]
    assert any(one.startswith("The order of the labels is probably wrong") for one in said)
    assert any("3 of 43 evaluation samples are also calibration samples" in one for one in said)


def test_samples_of_another_scale_than_those_calibrated_on_are_in_the_report(quick: Any, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((6,), name="row")
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(inputs))
    rng = np.random.default_rng(0)
    small = rng.random((40, 6)).astype(np.float32)
    large = (255 * rng.random((40, 6))).astype(np.float32)
    made = quick(
        model,
        data=small,
        evaluation=(large, rng.integers(0, 3, 40)),
        preprocess="none",
        effort="low",
        out=tmp_path / "out",
    )
    (said,) = made.report["evaluation"]["diagnosis"]
    assert said.startswith("Preprocessing differs between calibration and evaluation")
