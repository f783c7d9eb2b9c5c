"""Which samples decide: those to train on, unless the original knows them by heart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract

from edgecomp.data import open_data, prepared
from edgecomp.models import from_keras
from edgecomp.pipeline.searching.judging import learned_by_heart, share_out


@dataclass(frozen=True)
class Classifier:
    """Stands in for a float model: its answer is its input's place, and labels say how often that is right."""

    file: bytes
    contract: Contract
    calibration: Any
    evaluation: Any


class Bench:
    """Files are run by nobody: what they answer is what they are given."""

    threads = 1
    worker = SimpleNamespace(call=lambda _, file, contract, *, threads, stream: [[one["row"]] for one in stream])


@pytest.fixture
def made() -> Callable[..., Any]:
    """A float model whose evaluation set has so many samples, of which a share is answered right."""
    import keras

    inputs = keras.Input((3,), name="row")
    opened = from_keras(keras.Model(inputs, keras.layers.Softmax()(inputs)))
    from edgecomp_runtime.preprocess import build_contract, parse_preprocess

    def make(count: int, accuracy: float) -> Any:
        rows, labels = samples(count, accuracy)
        dataset = open_data((rows, labels), inputs=opened.inputs)
        contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
        first, *others = contract.outputs
        contract = replace(contract, outputs=(replace(first, kind="classification"), *others))
        return Classifier(b"", contract, prepared(dataset, contract), prepared(dataset, contract))

    return make


def samples(count: int, accuracy: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are their own answers, and labels that are as often the same, spread evenly."""
    right = np.arange(count) % 3
    wrong = (np.arange(count) * (1 - accuracy)).astype(int) != ((np.arange(count) + 1) * (1 - accuracy)).astype(int)
    return np.eye(3, dtype=np.float32)[right], np.where(wrong, (right + 1) % 3, right)


def trainer(count: int, accuracy: float, *, labelled: bool = True) -> Any:
    def held_out() -> Iterator[Any]:
        for row, label in zip(*samples(count, accuracy), strict=True):
            yield {"row": row[None]}, int(label) if labelled else None

    return SimpleNamespace(held_out=held_out)


def test_samples_to_train_on_decide_where_the_original_is_no_better_on_them(made: Any) -> None:
    original = made(1000, 0.8)

    shared = share_out(original, trainer(2000, 0.82), Bench())  # type: ignore[arg-type]

    assert (shared.jury.source, shared.jury.n) == ("training", 2000)
    assert shared.original is original


def test_where_it_knows_them_by_heart_one_half_of_the_others_decides_and_the_other_is_reported_on(made: Any) -> None:
    original = made(1000, 0.8)

    shared = share_out(original, trainer(2000, 0.95), Bench())  # type: ignore[arg-type]

    assert (shared.jury.source, shared.jury.n) == ("evaluation", 500)
    assert shared.jury.accuracy == pytest.approx(0.8, abs=0.02)
    judged = {one.name for one in original.evaluation} - {one.name for one in shared.original.evaluation}
    assert len(judged) == len(shared.original.evaluation) == 500


def test_labels_decide_before_agreement(made: Any) -> None:
    assert share_out(made(400, 0.8), trainer(2000, 0.8, labelled=False), Bench()).jury.source == "evaluation"  # type: ignore[arg-type]


def test_a_small_evaluation_set_is_not_divided_where_there_are_others(made: Any) -> None:
    original = made(150, 0.5)

    assert share_out(original, trainer(2000, 0.99), Bench()).original is original  # type: ignore[arg-type]


def test_without_training_it_is_divided_and_without_an_evaluation_set_calibration_samples_decide(made: Any) -> None:
    original = made(150, 0.5)

    assert share_out(original, None, Bench()).jury.source == "evaluation"  # type: ignore[arg-type]
    assert share_out(replace(original, evaluation=None), None, Bench()).jury.source == "calibration"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "new", "by_heart"),
    [
        ((0.88, 2000), (0.79, 1000), True),
        ((0.80, 2000), (0.79, 1000), False),
        ((0.999, 2000), (0.991, 1000), True),
        ((0.88, 2000), (0.79, 40), False),
        ((0.70, 2000), (0.90, 1000), False),
        ((1.0, 2000), (1.0, 1000), False),
    ],
)
def test_better_by_more_than_chance_is_by_heart(
    known: tuple[float, int], new: tuple[float, int], by_heart: bool
) -> None:
    assert learned_by_heart(known, new) == by_heart
