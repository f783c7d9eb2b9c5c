"""Tallies of each task: what comes out, and what labels that do not fit are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract, OutputContract

from edgecomp.errors import InputError
from edgecomp.evaluate.metrics import answer
from edgecomp.evaluate.metrics.classification import answers
from edgecomp.evaluate.tasks.anomaly import AnomalyTally
from edgecomp.evaluate.tasks.choosing import check_task, detect_task, new_tally
from edgecomp.evaluate.tasks.classification import ClassificationTally
from edgecomp.evaluate.tasks.detection import DetectionTally
from edgecomp.evaluate.tasks.multilabel import MultilabelTally
from edgecomp.evaluate.tasks.regression import RegressionTally
from edgecomp.evaluate.tasks.segmentation import SegmentationTally

SCORES = OutputContract("scores", (1, 3), "classification")


def row(*values: float) -> list[np.ndarray]:
    return [np.array([values], np.float32)]


@pytest.mark.parametrize(
    ("inputs", "outputs", "labels", "task"),
    [
        ([(1, 8, 8, 3)], [(1, 10)], [3, 9], "classification"),
        ([(1, 4)], [(1, 1)], [0, 1], "classification"),
        ([(1, 4)], [(1, 1)], [17, 42], "regression"),
        ([(1, 640)], [(1, 640)], [0, 1, 1], "anomaly"),
        ([(1, 640)], [(1, 640)], [0, 5], "classification"),
        ([(1, 4)], [(1, 3)], [np.array([0, 1, 1]), np.array([0, 0, 0])], "multilabel"),
        ([(1, 4)], [(1, 3)], [np.array([0.5, 1, 1])], "regression"),
        ([(1, 8, 8, 3)], [(1, 8, 8, 4)], [np.zeros((8, 8), np.int64)], "segmentation"),
        ([(1, 8, 8, 3)], [(1, 9, 4), (1, 9), (1, 9), (1,)], [np.zeros((2, 5))], "detection"),
    ],
)
def test_the_task_is_told_by_shapes_and_labels(inputs: Any, outputs: Any, labels: Any, task: str) -> None:
    assert detect_task(inputs, outputs, labels) == task


def test_whole_numbers_from_an_argmax_are_classes() -> None:
    assert detect_task([(1, 4)], [(1,)], [3, 4], class_itself=True) == "classification"


def test_a_task_that_is_not_known_is_refused_with_those_that_are() -> None:
    assert check_task("keyword") == "keyword"
    assert check_task("mine:score") == "mine:score"
    for name in ("accuracy", ":score", "mine:"):
        with pytest.raises(InputError, match="none of classification, keyword"):
            check_task(name)


@pytest.mark.parametrize("scores", [[[0.2, 0.2, 0.1]], [[0.7]], [[0.3]], [[-1.0]]])
def test_answers_of_many_are_the_device_packages_answer_of_each(scores: list[list[float]]) -> None:
    for threshold in (0.5, 0.0):
        assert answers(np.array(scores, np.float32), threshold)[0] == answer(row(*scores[0]), threshold)
    assert answers(np.array([[7]], np.int64), 0.5)[0] == answer([np.array([7])], 0.5)


def test_classification_has_classes_confusion_and_calibration() -> None:
    tally = ClassificationTally(SCORES)
    for scores, label in (((0.8, 0.1, 0.1), 0), ((0.6, 0.4, 0.0), 1), ((0.0, 0.1, 0.9), 2)):
        tally.add(row(*scores), label)
    found = tally.figures(("cat", "dog", "owl"))
    assert (found.name, found.value, found.n) == ("top1", pytest.approx(2 / 3), 3)
    assert found.confusion == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert [one["name"] for one in found.classes] == ["cat", "dog", "owl"]
    assert found.others["calibration_error"] == pytest.approx((0.2 + 0.6 + 0.1) / 3, abs=1e-6)
    assert tally.headline(np.array([1])) == 0.0


def test_keywords_have_false_alarms_and_misses() -> None:
    tally = ClassificationTally(SCORES, keywords=True)
    for scores, label in (((1, 0, 0), 2), ((0, 0, 1), 2), ((0, 0, 1), 0), ((1, 0, 0), 0), ((0, 1, 0), 0)):
        tally.add(row(*scores), label)
    found = tally.figures(("yes", "no", "_silence_"))
    assert found.others["false_alarms"] == 0.5
    assert found.others["misses"] == pytest.approx(1 / 3)
    assert "misses" not in tally.figures(("a", "b", "c")).others


def test_multilabel_takes_rows_of_noughts_and_ones_and_single_labels() -> None:
    tally = MultilabelTally()
    tally.add(row(0.9, 0.1, 0.8), np.array([1, 0, 1]))
    tally.add(row(0.1, 0.9, 0.1), 1)
    assert tally.figures().value == 1.0
    for label in (np.array([1, 0]), np.array([0, 2, 0]), 3):
        with pytest.raises(InputError, match="zeros and ones"):
            tally.add(row(0, 0, 0), label)


def test_regression_counts_each_value() -> None:
    tally = RegressionTally()
    tally.add(row(1, 2), np.array([1.0, 4.0]))
    found = tally.figures()
    assert (found.value, found.others["mae"], found.more_is_better) == (2.0, 1.0, False)
    with pytest.raises(InputError, match="3 numbers, but the output has 2"):
        tally.add(row(1, 2), np.zeros(3))


def test_what_an_autoencoder_cannot_give_back_is_an_anomaly() -> None:
    tally = AnomalyTally()
    for error, label in ((0.1, 0), (0.2, 0), (0.9, 1), (0.8, 1)):
        tally.add(row(error, error), label, np.zeros((1, 2), np.float32))
    assert tally.figures().value == 1.0
    assert tally.figures().others["partial_auc"] == pytest.approx(1.0)
    with pytest.raises(InputError, match="neither 0"):
        tally.add(row(0.1, 0.1), 2, np.zeros((1, 2)))
    with pytest.raises(InputError, match="has neither"):
        tally.add(row(0.1, 0.1), 1)


def test_anomalies_of_one_kind_only_have_no_area() -> None:
    tally = AnomalyTally()
    tally.add(row(0.3), 0)
    assert tally.figures().value is None


def test_segmentation_takes_the_class_of_each_pixel() -> None:
    tally = SegmentationTally()
    scores = np.zeros((1, 2, 2, 3), np.float32)
    scores[0, :, :, 1] = 1
    tally.add([scores], np.array([[1, 1], [1, 255]]))
    assert tally.figures().value == 1.0
    with pytest.raises(InputError, match="does not fit"):
        tally.add([scores], np.zeros((3, 3), np.int64))
    single = SegmentationTally(threshold=0.0)
    single.add([np.array([[[[1.0], [-1.0]]]])], np.array([[1, 0]]))
    assert single.figures().value == 1.0


@pytest.mark.parametrize("classes_first", [True, False])
def test_detection_reads_boxes_classes_scores_and_their_number(classes_first: bool) -> None:
    pytest.importorskip("pycocotools")
    boxes = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1], [0, 0, 1, 1]]], np.float32)
    classes, scores = np.array([[2, 0, 1]], np.float32), np.array([[0.9, 0.8, 0.7]], np.float32)
    middle = [classes, scores] if classes_first else [scores, classes]
    tally = DetectionTally()
    tally.add([boxes, *middle, np.array([2], np.float32)], np.array([[0, 0, 0.5, 0.5, 2], [0, 0, 0, 0, -1]]))
    assert tally.figures(("a", "b", "c")).value == pytest.approx(1.0)
    with pytest.raises(InputError, match="no list of boxes"):
        tally.add([boxes, *middle], np.zeros(4))
    with pytest.raises(InputError, match="outputs are no boxes"):
        tally.add(row(1, 2), np.zeros((1, 5)))


def test_a_figure_of_ones_own_gets_outputs_and_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_figures.py").write_text(
        "def score(outputs, labels):\n    return {'mine': (outputs[0].argmax(axis=1) == labels).mean(), 'other': 2}\n"
        "def bad(outputs, labels):\n    return float('nan')\n"
        "def broken(outputs, labels):\n    raise ValueError('no')\n"
        "number = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    contract = Contract((), (SCORES,))
    tally = new_tally("own_figures:score", contract)
    tally.add(row(0, 1, 0), 1)
    tally.add(row(0, 1, 0), 2)
    found = tally.figures(())
    assert (found.name, found.value, found.others) == ("mine", 0.5, {"other": 2.0})
    for name, said in (("bad", "finite number"), ("broken", "ValueError: no")):
        tally = new_tally(f"own_figures:{name}", contract)
        tally.add(row(0, 1, 0), 1)
        with pytest.raises(InputError, match=said):
            tally.figures(())
    for name, said in (("own_figures:number", "not something to call"), ("nowhere:score", "cannot be imported")):
        with pytest.raises(InputError, match=said):
            new_tally(name, contract)


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_many_samples_at_a_time_count_as_one_by_one(columns: int) -> None:
    rng = np.random.default_rng(columns)
    scores = rng.random((90, 1, columns)).astype(np.float32)
    labels = rng.integers(0, max(columns, 2), 90)
    output = OutputContract("scores", (1, columns), "classification")
    together, single = ClassificationTally(output), ClassificationTally(output)
    for start in range(0, 90, 40):
        together.add_all(scores[start : start + 40], labels[start : start + 40])
    for score, label in zip(scores, labels, strict=True):
        single.add([score], label)
    assert together.figures() == single.figures()
    assert np.array_equal(together.answers, single.answers)
