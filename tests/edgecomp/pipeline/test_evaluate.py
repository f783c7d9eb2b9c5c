"""`evaluate_files`: one contract for whatever is evaluated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.evaluate import evaluate_files
from edgecomp.worker import Worker


@pytest.fixture
def evaluate(shared_worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.setattr("edgecomp.pipeline.evaluate.Worker", lambda **_: nullcontext(shared_worker))
    return evaluate_files


@pytest.fixture
def made(corners: Any, quick: Any, tmp_path: Path) -> Any:
    return quick(corners.model, data=corners.data, evaluation=corners.evaluation, out=tmp_path / "out")


def test_bundle_file_and_source_are_fed_alike(made: Any, corners: Any, evaluate: Any) -> None:
    report = made.report
    for path, variant in ((made.bundle, "compressed"), (made.model, "compressed"), (corners.model, "float")):
        found = evaluate(path, data=corners.evaluation)
        assert found["metric"] == report[variant]["metric"]
        assert found["against"] is None


def test_agreement_and_noise_are_the_reports(made: Any, corners: Any, evaluate: Any) -> None:
    found = evaluate(made.bundle, data=corners.evaluation, against=made.float_model)
    assert found["agreement"] == made.report["agreement"]
    assert found["sqnr_db"] == pytest.approx(made.report["sqnr_db"], rel=1e-6)
    assert found["against"]["metric"] == made.report["float"]["metric"]


def test_a_file_against_itself_agrees_wholly(made: Any, corners: Any, evaluate: Any) -> None:
    found = evaluate(made.bundle, data=corners.evaluation, against=made.bundle)
    assert found["agreement"] == 1.0
    assert found["sqnr_db"] is None


def test_without_labels_answers_are_still_compared(made: Any, corners: Any, evaluate: Any, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for photo in corners.evaluation.rglob("*.png"):
        shutil.copy(photo, flat / photo.name)
    found = evaluate(made.bundle, data=flat, against=corners.model)
    assert found["metric"] is None
    assert found["n"] == 40
    assert found["agreement"] == made.report["agreement"]


def test_a_bundles_file_that_was_changed_is_not_taken_for_the_bundles(made: Any, corners: Any, evaluate: Any) -> None:
    data = bytearray(made.model.read_bytes())
    data[-1] ^= 1
    made.model.write_bytes(data)
    with pytest.raises(InputError, match="pass --preprocess"):
        evaluate(made.model, data=corners.evaluation)


def test_a_model_that_answers_with_the_class_itself_is_judged_by_it(evaluate: Any, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((1,), name="row")
    outputs = keras.ops.cast(keras.ops.floor(inputs[:, 0]), "int32")
    keras.Model(inputs, outputs).save(tmp_path / "floor.keras")
    x = np.random.default_rng(0).uniform(0, 5, (40, 1)).astype(np.float32)
    y = np.floor(x[:, 0]).astype(np.int64)
    y[:10] = (y[:10] + 1) % 5
    np.savez(tmp_path / "rows.npz", x=x, y=y)
    found = evaluate(tmp_path / "floor.keras", data=tmp_path / "rows.npz", preprocess="none")
    assert found["metric"] == {"name": "top1", "value": 0.75, "n": 40}
