"""`evaluate_files`: one contract for whatever is evaluated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.evaluate.cost.scenarios import scenario
from edgecomp.pipeline.convert import convert
from edgecomp.pipeline.evaluate import Extras, evaluate_files
from edgecomp.worker import Worker


@pytest.fixture
def evaluate(shared_worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    monkeypatch.setattr("edgecomp.pipeline.evaluate.Worker", lambda **_: nullcontext(shared_worker))
    return evaluate_files


@pytest.fixture(scope="module")
def converted(corners: Any, shared_worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))
        return convert(
            corners.model,
            target="raspberry-pi-4b",
            data=corners.data,
            evaluation=corners.evaluation,
            out=tmp_path_factory.mktemp("converted") / "out",
        )


@pytest.fixture
def made(converted: Any, tmp_path: Path) -> Any:
    """The results of a conversion, to do with as a test likes."""
    folder = Path(shutil.copytree(converted.folder, tmp_path / "out"))
    moved = {name: folder / getattr(converted, name).name for name in ("model", "float_model", "bundle")}
    return replace(converted, folder=folder, **moved)


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


def test_changed_answers_are_shown_by_class_and_sample(fragile: Any, quick: Any, evaluate: Any, tmp_path: Path) -> None:
    made = quick(fragile.model, data=fragile.data, effort="low", out=tmp_path / "out")
    found = evaluate(made.bundle, data=fragile.evaluation, against=fragile.model)
    changes = found["changes"]
    assert changes["n"] == 60
    assert changes["changed"] == round(60 * (1 - found["agreement"])) > 5
    assert sum(one["changed"] for one in changes["classes"]) == changes["changed"]
    assert len(changes["samples"]) == min(changes["changed"], 12)
    x = np.load(fragile.evaluation)["x"]
    for one in changes["samples"]:
        assert (one["was"], one["became"]) in (("0", "1"), ("1", "0"))
        assert one["name"] == f"x[{one['position']}]"
        assert one["summary"][0]["first"] == pytest.approx(x[one["position"]])
        assert one["image"] is None
    scores = [one["was_score"] for one in changes["samples"]]
    assert scores == sorted(scores, reverse=True)
    attention = found["attention"]
    assert (attention["grid"], attention["cells"], attention["gradcam"]) == ([1, 2], ["0", "1"], None)
    assert all(np.argmax(one["float"]) == 1 for one in attention["samples"]), "the answer hangs on the second column"
    assert attention["words"].startswith("They do not look at the same parts")
    assert any(one.startswith("Input row loses 1 of its 2 columns") for one in found["diagnosis"])


def test_photos_are_shown_with_what_both_files_look_at(made: Any, corners: Any, evaluate: Any) -> None:
    extras = Extras(map_seconds=600)
    found = evaluate(made.bundle, data=corners.evaluation, against=corners.model, extras=extras)["attention"]
    assert found["grid"] == [8, 8]
    assert found["done"] == found["asked"] == len(found["samples"]) == 8
    assert found["rank_correlation"] > 0.8 > found["chance"]["rank_correlation"]
    assert found["gradcam"] is not None
    assert {one["answer"] for one in found["samples"]} == {"bottom-left", "bottom-right", "top-left", "top-right"}
    for one in found["samples"]:
        assert one["image"].startswith("data:image/png;base64,")
        assert (one["width"], one["height"]) == (8, 8)
        for key in ("float", "compressed", "gradcam"):
            assert np.shape(one[key]) == (8, 8)
    assert sum(_brightest(one["float"]) == one["answer"] for one in found["samples"]) >= 6


def _brightest(cells: list[list[float]]) -> str:
    """The corner with the cell that matters most."""
    row, column = np.unravel_index(np.argmax(cells), (8, 8))
    return f"{'top' if row < 4 else 'bottom'}-{'left' if column < 4 else 'right'}"


def test_no_time_for_maps_gives_none(made: Any, corners: Any, evaluate: Any) -> None:
    found = evaluate(made.bundle, data=corners.evaluation, against=corners.model, extras=Extras(map_seconds=0))
    assert found["attention"] is None
    assert found["changes"]["n"] == 40


def test_a_file_alone_has_no_changes_and_no_maps(made: Any, corners: Any, evaluate: Any) -> None:
    found = evaluate(made.bundle, data=corners.evaluation)
    assert (found["comparison"], found["changes"], found["attention"]) == (None, None, None)


def test_a_scenario_weighs_what_was_measured(made: Any, corners: Any, evaluate: Any) -> None:
    extras = Extras(map_seconds=0, scenario=scenario("camera", "energy=0"))
    found = evaluate(made.bundle, data=corners.evaluation, against=corners.model, extras=extras)["cost"]
    assert [one["name"] for one in found["scenarios"]] == ["camera"]
    measured = {one["name"]: one for one in found["quantities"]}
    assert measured["accuracy"]["value"] is not None
    assert found["scenarios"][0]["missing"] in ([], ["latency"])  # a measurement may not count on a busy machine


def test_layers_that_no_gradient_passes_cost_nothing_else(
    made: Any, corners: Any, evaluate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise TypeError("no gradient defined")

    monkeypatch.setattr("edgecomp.pipeline.evaluating.attention.gradcam_maps", broken)
    extras = Extras(map_seconds=600)
    found = evaluate(made.bundle, data=corners.evaluation, against=corners.model, extras=extras)["attention"]
    assert found["gradcam"] is None
    assert found["done"] == 8
