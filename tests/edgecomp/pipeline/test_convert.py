"""`convert` on real models: what it leaves, what it says, and that a recipe replays to the same bytes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from edgecomp_runtime.bundle.read import read_bundle
from edgecomp_runtime.model import Model
from edgecomp_runtime.verify import verify

import edgecomp
from edgecomp.bundle.runtime_wheel import runtime_wheel
from edgecomp.errors import BudgetError, InputError
from edgecomp.export.check import ExportMismatchError
from edgecomp.lint import lint
from edgecomp.pipeline.recipes.recipe_file import load_recipe
from edgecomp.report import validate_report
from edgecomp.targets import load_target
from edgecomp.tflite import read_tflite

FILES = {
    "model.tflite",
    "model.float32.tflite",
    "recipe.yaml",
    "report.json",
    "report.html",
    "report.md",
    "bundle.zip",
    "log.txt",
    runtime_wheel()[0],
}
Convert = Callable[..., Any]


@pytest.fixture(scope="module")
def done(corners: Any, shared_worker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One conversion, looked at by many tests."""
    from contextlib import nullcontext

    out = tmp_path_factory.mktemp("done") / "deep" / "result"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))
        return edgecomp.convert(
            corners.model,
            target="raspberry-pi-4b",
            data=corners.data,
            evaluation=corners.evaluation,
            max_drop=1,
            stock=True,
            out=out,
        )


def test_everything_promised_is_there_and_nothing_else(done: Any) -> None:
    assert {path.name for path in done.folder.iterdir()} == FILES
    assert [path.name for path in done.folder.parent.iterdir()] == ["result"]
    assert all(path.stat().st_size for path in done.folder.iterdir() if path.name != "log.txt")
    assert done.folder.stat().st_mode & 0o777 == 0o755


def test_the_report_is_valid_and_says_what_was_done(done: Any) -> None:
    report = json.loads((done.folder / "report.json").read_text())
    validate_report(report)
    assert report == done.report
    assert report["budget"] == {"max_drop_points": 1, "met": True}
    assert report["float"]["metric"]["value"] > 0.9
    assert report["float"]["metric"]["n"] == 40
    assert report["drop_points"] <= 1
    assert report["agreement"] >= 0.95
    assert report["compressed"]["scheme"] == "int8"
    assert report["compressed"]["bytes"] == done.model.stat().st_size
    assert report["float"]["bytes"] == done.float_model.stat().st_size
    assert report["bundle"]["bytes"] == done.bundle.stat().st_size
    assert report["stock"]["metric"]["n"] == 40
    assert report["labels"] == ["bottom-left", "bottom-right", "top-left", "top-right"]
    assert not any("BatchNormalization" in one for one in report["warnings"])
    timed = [report[name]["latency_ms"] for name in ("float", "stock", "compressed")]
    assert all(one["valid"] != bool(one["reasons"]) for one in timed)
    assert {"open", "export", "search", "quantize", "evaluate", "latency", "bundle"} <= {
        one["name"] for one in report["steps"]
    }


def test_layers_are_called_by_their_keras_names(done: Any) -> None:
    layers = {one["name"]: one for one in done.report["layers"]}
    assert {"conv", "corner"} <= set(layers)
    assert layers["conv"]["sqnr_db"] > 15
    assert sum(one["macs"] for one in done.report["layers"]) == done.report["compressed"]["macs"]


def test_the_report_says_what_stands_in_the_way_of_the_file_as_it_is(done: Any) -> None:
    expected = lint(read_tflite(done.model), load_target("raspberry-pi-4b"))
    assert [(one["rule"], one["what"]) for one in done.report["findings"]] == [(one.rule, one.what) for one in expected]
    located = [one for one in done.report["findings"] if one["operators"]]
    assert located
    for one in located:
        assert {done.report["layers"][index]["op"] for index in one["operators"]} == set(one["ops"])
        assert one["layers"]


def test_the_page_is_whole(done: Any) -> None:
    page = (done.folder / "report.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "raspberry-pi-4b" in page or "Raspberry Pi 4" in page


def test_the_saved_recipe_is_the_one_that_was_used(done: Any) -> None:
    assert load_recipe(done.folder / "recipe.yaml") == done.recipe
    assert done.report["recipe"] == yaml.safe_load((done.folder / "recipe.yaml").read_text())
    assert done.recipe.preprocess != "auto"


def test_the_bundle_holds_the_model_and_proves_it(done: Any) -> None:
    bundle = read_bundle(done.bundle)
    assert bundle.model == done.model.read_bytes()
    assert bundle.labels == ("bottom-left", "bottom-right", "top-left", "top-right")
    result = verify(Model.load(done.bundle))
    assert result.passed
    assert result.exact
    assert result.samples >= 4


def test_hidden_samples_are_neither_in_the_report_nor_in_the_bundle(
    fragile: Any, quick: Convert, tmp_path: Path
) -> None:
    options = {"data": fragile.data, "evaluation": fragile.evaluation, "effort": "low"}
    open_ = quick(fragile.model, **options, out=tmp_path / "open")
    hidden = quick(fragile.model, **options, hide_samples=True, out=tmp_path / "hidden")
    assert open_.report["evaluation"]["changes"]["samples"][0]["summary"]
    changed = hidden.report["evaluation"]["changes"]["samples"]
    assert changed
    assert not any(one["image"] or one["summary"] for one in changed)
    assert "left out on request" in (hidden.folder / "report.html").read_text("utf-8")
    assert hidden.model.read_bytes() == open_.model.read_bytes()
    stored = [_golden_inputs(one.bundle) for one in (open_, hidden)]
    assert [len(one) for one in stored] == [5, 5]
    assert not any(np.array_equal(one, other) for one in stored[0][:4] for other in stored[1])
    result = verify(Model.load(hidden.bundle))
    assert result.passed
    assert result.exact


def _golden_inputs(bundle: Path) -> np.ndarray:
    goldens = read_bundle(bundle).goldens
    assert goldens is not None
    return goldens.inputs[0]


def test_the_bundle_answers_photos_as_the_report_says(done: Any, corners: Any) -> None:
    model = Model.load(done.bundle)
    photos = sorted(corners.evaluation.rglob("*.png"))
    right = sum(model.classify(photo)[0].label == photo.parent.name for photo in photos)
    assert right / len(photos) == pytest.approx(done.report["compressed"]["metric"]["value"])


def test_the_model_is_int8_from_edge_to_edge(done: Any) -> None:
    model = read_tflite(done.model)
    assert {tensor.dtype for tensor in (*model.inputs, *model.outputs)} == {"int8"}
    assert model.signature is not None
    assert [name for name, _ in model.signature.inputs] == ["photo"]
    assert [name for name, _ in model.signature.outputs] == ["corner"]


def test_a_recipe_replays_to_the_same_bytes_elsewhere(done: Any, corners: Any, quick: Convert, tmp_path: Path) -> None:
    again = quick(
        corners.model, target=None, recipe=done.folder / "recipe.yaml", data=corners.data, out=tmp_path / "elsewhere"
    )
    assert again.model.read_bytes() == done.model.read_bytes()
    assert again.float_model.read_bytes() == done.float_model.read_bytes()
    assert again.recipe == done.recipe


def test_two_bundles_differ_in_what_was_measured_and_in_nothing_else(
    done: Any, corners: Any, quick: Convert, tmp_path: Path
) -> None:
    again = quick(corners.model, data=corners.data, evaluation=corners.evaluation, out=tmp_path / "again")
    with zipfile.ZipFile(done.bundle) as one, zipfile.ZipFile(again.bundle) as other:
        assert one.namelist() == other.namelist()
        for name in one.namelist():
            first, second = one.read(name), other.read(name)
            if name == "manifest.json":
                first, second = json.loads(first), json.loads(second)
                first["measured"].pop("latency_ms"), second["measured"].pop("latency_ms")
            assert first == second


@pytest.mark.slow
def test_a_recipe_replays_to_the_same_bytes_in_another_process(done: Any, corners: Any, tmp_path: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "edgecomp.cli.main", "convert", corners.model),
            *("--recipe", done.folder / "recipe.yaml", "--data", corners.data, "--out", tmp_path / "out"),
        ],
        env={**os.environ, "PYTHONHASHSEED": "17"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert (tmp_path / "out" / "model.tflite").read_bytes() == done.model.read_bytes()


@pytest.mark.parametrize(
    ("scheme", "io", "dtype"),
    [
        ("float32", None, "float32"),
        ("float16", None, "float32"),
        ("dynamic", None, "float32"),
        ("int16x8", "int8", "int16"),
        ("int8", "float", "float32"),
    ],
)
def test_other_schemes_convert_verify_and_report(
    scheme: str, io: str | None, dtype: str, corners: Any, quick: Convert, tmp_path: Path
) -> None:
    made = quick(corners.model, target="linux-x86-64", scheme=scheme, io=io, data=corners.data, out=tmp_path / "out")
    validate_report(made.report)
    model = read_tflite(made.model)
    assert {tensor.dtype for tensor in (*model.inputs, *model.outputs)} == {dtype}
    assert made.report["compressed"]["scheme"] == scheme
    assert made.report["drop_points"] is None
    assert made.report["judged_on"]["set"] == "calibration"
    assert verify(Model.load(made.bundle)).passed
    if scheme == "float32":
        assert made.report["agreement"] == 1.0
        assert made.report["sqnr_db"] is None


def test_a_budget_that_is_not_met_ships_nothing_and_keeps_the_best_aside(
    fragile: Any, quick: Convert, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(BudgetError, match=r"points lost where 5 are allowed.*out\.over-budget") as error:
        quick(fragile.model, data=fragile.data, evaluation=fragile.evaluation, max_drop=5, out=out)
    assert error.value.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["out.over-budget"]
    aside = tmp_path / "out.over-budget"
    assert {path.name for path in aside.iterdir()} == FILES
    report = json.loads((aside / "report.json").read_text())
    validate_report(report)
    assert report["budget"] == {"max_drop_points": 5, "met": False}
    assert report["drop_points"] > 5


def test_a_second_miss_does_not_overwrite_the_first(fragile: Any, quick: Convert, tmp_path: Path) -> None:
    (tmp_path / "out.over-budget").mkdir()
    with pytest.raises(BudgetError, match="over-budget-2"):
        quick(fragile.model, data=fragile.data, evaluation=fragile.evaluation, max_drop=1, out=tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out.over-budget", "out.over-budget-2"}


def test_a_missed_budget_leaves_earlier_results_alone_even_with_force(
    fragile: Any, quick: Convert, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(BudgetError):
        quick(fragile.model, data=fragile.data, evaluation=fragile.evaluation, max_drop=1, out=out, force=True)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_without_the_budget_the_loss_is_reported_and_shipped(fragile: Any, quick: Convert, tmp_path: Path) -> None:
    made = quick(fragile.model, data=fragile.data, evaluation=fragile.evaluation, out=tmp_path / "out")
    assert made.drop_points > 20
    assert made.report["budget"] is None


def test_float_io_keeps_what_int8_inputs_lose_nothing_of(fragile: Any, quick: Convert, tmp_path: Path) -> None:
    made = quick(
        fragile.model,
        target="linux-x86-64",
        scheme="float16",
        data=fragile.data,
        evaluation=fragile.evaluation,
        max_drop=1,
        out=tmp_path / "out",
    )
    assert made.report["budget"]["met"]


@pytest.mark.parametrize("max_drop", [-1, float("nan"), float("inf")])
def test_a_budget_that_is_no_number_of_points_is_refused(
    max_drop: float, corners: Any, quick: Convert, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="max-drop"):
        quick(corners.model, data=corners.data, evaluation=corners.evaluation, max_drop=max_drop, out=tmp_path / "o")
    assert not list(tmp_path.iterdir())


def test_a_damaged_export_is_refused(
    corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The float file's weights are flipped right after the export; the pipeline has to notice."""
    from edgecomp.pipeline import float_file

    named = float_file._named

    def damaged(file: bytes, model: Any) -> bytes:
        made = named(file, model)
        weights = max(
            (one for one in read_tflite(made).main.tensors if one.is_constant and one.dtype == "float32"),
            key=lambda one: one.elements,
        )
        values = bytes(weights.buffer)
        return made.replace(values, (-np.frombuffer(values, np.float32)).tobytes())

    monkeypatch.setattr(float_file, "_named", damaged)
    with pytest.raises(ExportMismatchError, match="does not compute what the model computes"):
        quick(corners.model, data=corners.data, out=tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_factor_left_behind_a_layer_is_a_warning_that_names_it(
    corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgecomp.export.check import Unfolded

    monkeypatch.setattr("edgecomp.pipeline.float_file.find_unfolded", lambda *_: (Unfolded("MUL", "CONV_2D", "conv"),))
    made = quick(corners.model, data=corners.data, out=tmp_path / "out")
    assert any("MUL" in one and "conv" in one for one in made.report["warnings"])


def test_a_model_in_memory_with_arrays_in_memory(quick: Convert, tmp_path: Path) -> None:
    """Several inputs and outputs, unlabelled."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    photo, row = keras.Input((6, 6, 3), name="photo"), keras.Input((4,), name="row")
    value = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(photo))
    joined = layers.Concatenate()([value, layers.Dense(4, activation="relu")(row)])
    model = keras.Model(
        [photo, row],
        {"place": layers.Dense(3, name="place")(joined), "size": layers.Dense(1, name="size")(joined)},
        name="two",
    )
    rng = np.random.default_rng(0)
    data = {"photo": rng.normal(size=(30, 6, 6, 3)).astype("f"), "row": rng.normal(size=(30, 4)).astype("f")}
    made = quick(model, data=data, preprocess="none", out=tmp_path / "out")
    validate_report(made.report)
    bundle = read_bundle(made.bundle)
    assert {one.name for one in bundle.contract.inputs} == {"photo", "row"}
    assert {one.name for one in bundle.contract.outputs} == {"place", "size"}
    assert made.report["sqnr_db"] > 20
    assert made.report["agreement"] is None
    assert bundle.manifest.name == "two"
    assert made.report["source"]["path"] is None


def test_regression_is_measured_by_its_error(quick: Convert, tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    inputs = keras.Input((5,), name="row")
    model = keras.Model(inputs, layers.Dense(1, name="price")(layers.Dense(8, activation="relu")(inputs)))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 5)).astype("f")
    y = model.predict(x, verbose=0) + 0.1
    made = quick(model, data=x[:40], evaluation=(x[40:], y[40:]), preprocess="none", out=tmp_path / "out")
    metric = made.report["float"]["metric"]
    assert metric["name"] == "mse"
    assert metric["value"] == pytest.approx(0.01, rel=0.01)
    assert made.report["drop_points"] is None
    with pytest.raises(InputError, match="max-drop counts points of accuracy"):
        quick(model, data=x[:40], evaluation=(x[40:], y[40:]), preprocess="none", max_drop=1, out=tmp_path / "no")


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_a_single_score_is_a_binary_classifier(activation: str | None, quick: Convert, tmp_path: Path) -> None:
    import keras
    from keras import layers

    inputs = keras.Input((3,), name="row")
    layer = layers.Dense(1, activation=activation, name="spam")
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([np.array([[4], [0.5], [0]], np.float32), np.zeros(1, np.float32)])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype("f")
    y = (x @ np.array([4, 0.5, 0], "f") > 0).astype(np.int64)
    made = quick(
        model, data=x[:60], evaluation=(x[60:], y[60:]), preprocess="none", labels=["ham", "spam"], out=tmp_path / "out"
    )
    assert made.report["float"]["metric"] == {"name": "top1", "value": 1.0, "n": 60}
    output = read_bundle(made.bundle).contract.outputs[0]
    assert (output.kind, output.activation) == ("classification", "none" if activation else "sigmoid")
    answers = Model.load(made.bundle).classify(np.array([5, 0, 0], "f"))
    assert answers[0].label == "spam"
    assert answers[0].score > 0.9


def test_a_table_as_csv(quick: Convert, fragile: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    paths = []
    for name in ("calibration.csv", "test.csv"):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["a", "b", "label"])
        for a, b in rng.uniform(-1, 1, (40, 2)):
            writer.writerow([f"{a:.4f}", f"{b:.4f}", int(b > 0)])
        paths.append(tmp_path / name)
        paths[-1].write_text(text.getvalue())
    made = quick(fragile.model, data=paths[0], evaluation=paths[1], max_drop=5, out=tmp_path / "out")
    assert made.report["compressed"]["metric"]["value"] >= 0.95


def test_a_float_tflite_converts_too(corners: Any, done: Any, quick: Convert, tmp_path: Path) -> None:
    made = quick(done.float_model, data=corners.data, evaluation=corners.evaluation, out=tmp_path / "out")
    assert made.report["source"]["format"] == "tflite"
    assert made.report["float"]["metric"] == done.report["float"]["metric"]
    assert made.model.read_bytes() == done.model.read_bytes()


def test_a_recurrent_model_says_what_stayed_float(quick: Convert, tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    inputs = keras.Input((6, 3), name="series")
    model = keras.Model(inputs, layers.Dense(2, name="scores")(layers.LSTM(4)(inputs)))
    x = np.random.default_rng(0).normal(size=(30, 6, 3)).astype("f")
    made = quick(model, data=x, preprocess="none", out=tmp_path / "out")
    assert any("Kept at float" in one and "WHILE" in one for one in made.report["warnings"])
    assert read_bundle(made.bundle).manifest.golden.exact_on == ""
    assert verify(Model.load(made.bundle)).passed
