"""`edgecomp evaluate` as a user runs it: figures, comparisons, robustness, mistakes in words, exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.pipeline.evaluate import evaluate_files
from edgecomp.worker import Worker

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def bundle(corners: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from edgecomp import convert

    out = tmp_path_factory.mktemp("evaluate") / "out"
    return Path(convert(corners.model, target="raspberry-pi-4b", data=corners.data, effort="low", out=out).bundle)


def evaluated(ended: Any) -> dict[str, Any]:
    assert ended.code == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_figures_comparison_and_words_are_there(bundle: Path, corners: Any, edgecomp: Run) -> None:
    ended = edgecomp(
        *("evaluate", bundle, "--data", corners.evaluation, "--against", corners.model, "--max-drop", 5, "--json")
    )
    found = evaluated(ended)
    assert found["task"] == "classification"
    assert found["interval"][0] <= found["metric"]["value"] <= found["interval"][1]
    assert {one["name"] for one in found["classes"]} == {"bottom-left", "bottom-right", "top-left", "top-right"}
    assert sum(map(sum, found["confusion"])) == found["n"] == 40
    comparison = found["comparison"]
    assert comparison["lost"] - comparison["won"] == round(40 * comparison["drop"])
    assert comparison["within_budget"]
    assert comparison["samples_needed"] > 0
    assert "samples cannot be sure of it" in " ".join(comparison["words"]) or "beyond doubt" in comparison["words"][-1]
    assert found["diagnosis"] == []


def test_pages_of_an_evaluation_say_the_same(bundle: Path, corners: Any, edgecomp: Run, tmp_path: Path) -> None:
    page, text = tmp_path / "evaluation.html", tmp_path / "evaluation.md"
    options = ("--against", corners.model, "--max-drop", 50, "--maps", 0, "--html", page, "--md", text)
    ended = edgecomp("evaluate", bundle, "--data", corners.evaluation, *options)
    assert ended.code == 0, ended.stderr
    assert "edgecomp evaluation report" in page.read_text("utf-8")
    assert text.read_text("utf-8").startswith("## ✅ Ship: bundle.zip against corners.keras")
    nowhere = edgecomp("evaluate", bundle, "--data", corners.evaluation, "--html", tmp_path / "no" / "page.html")
    assert nowhere.code == 2
    assert "cannot be written" in nowhere.stderr


def test_hidden_samples_are_in_neither_the_page_nor_the_json(
    bundle: Path, corners: Any, edgecomp: Run, tmp_path: Path
) -> None:
    page = tmp_path / "evaluation.html"
    options = ("--against", corners.model, "--hide-samples", "--html", page, "--json")
    ended = edgecomp("evaluate", bundle, "--data", corners.evaluation, *options)
    assert evaluated(ended)["attention"]["samples"]
    assert "data:image" not in ended.stdout
    assert "data:image" not in page.read_text("utf-8")
    assert "left out on request" in page.read_text("utf-8")


def test_robustness_attacks_and_a_stream_are_curves_and_sentences(bundle: Path, corners: Any, edgecomp: Run) -> None:
    options = ("--robustness", "noise,shift,fgsm", "--robustness-samples", 16, "--stream", 100)
    found = evaluated(
        edgecomp("evaluate", bundle, "--data", corners.evaluation, "--against", corners.model, *options, "--json")
    )
    curves = {one["name"]: one for one in found["robustness"]["curves"]}
    assert set(curves) == {"noise", "shift", "fgsm"}
    for curve in curves.values():
        strengths = [one["strength"] for one in curve["points"]]
        assert strengths == sorted(strengths)
        assert strengths[0] == 0
        assert all(one["against"]["value"] is not None and len(one["drop"]) == 3 for one in curve["points"])
    assert curves["shift"]["points"][0]["value"] > 0.9
    assert curves["shift"]["points"][-1]["value"] <= curves["shift"]["points"][0]["value"]
    assert found["robustness"]["words"].startswith("Compression makes it ")
    assert found["stream"]["stable"]


def test_people_read_the_same(bundle: Path, corners: Any, edgecomp: Run) -> None:
    options = ("--robustness", "brightness", "--stream", 100, "--against", corners.model, "--weights", "size=1")
    ended = edgecomp("evaluate", bundle, "--data", corners.evaluation, *options)
    assert ended.code == 0, ended.stderr
    for said in (
        "right of 40 (95%:",
        "same answer as",
        "brightness (added",
        "100 inferences",
        "look at the same parts",
        "preprocessing: ",
    ):
        assert said in ended.stdout
    assert "times the worth of the float model for this use." in ended.stdout


def test_labels_in_another_order_are_said_to_be(bundle: Path, corners: Any, edgecomp: Run, tmp_path: Path) -> None:
    names = ("bottom-left", "bottom-right", "top-left", "top-right")
    for place, name in enumerate(names):
        shutil.copytree(corners.evaluation / name, tmp_path / "wrong" / names[(place + 1) % 4])
    ended = edgecomp("evaluate", bundle, "--data", tmp_path / "wrong")
    assert ended.code == 0, ended.stderr
    assert "mistake: The order of the labels is probably wrong" in ended.stdout


def test_another_scale_than_in_calibration_is_said_to_be(
    bundle: Path, corners: Any, edgecomp: Run, tmp_path: Path
) -> None:
    file = tmp_path / "alone.tflite"
    shutil.copy(bundle.with_name("model.tflite"), file)
    found = evaluated(edgecomp("evaluate", file, "--data", corners.evaluation, "--preprocess", "-1..1", "--json"))
    assert any(one.startswith("Preprocessing differs") for one in found["diagnosis"])


def test_samples_seen_before_are_counted(bundle: Path, corners: Any, edgecomp: Run, tmp_path: Path) -> None:
    shutil.copytree(corners.data, tmp_path / "seen")
    some = sorted(corners.evaluation.glob("top-left/*"))[:3]
    for photo in some:
        shutil.copy(photo, tmp_path / "seen" / "top-left" / f"copy-{photo.name}")
    options = ("--data", corners.evaluation, "--seen", tmp_path / "seen")
    found = evaluated(edgecomp("evaluate", bundle, *options, "--json"))
    assert any("3 of 40 evaluation samples are also training samples" in one for one in found["diagnosis"])


def test_a_lost_budget_ends_with_3_after_the_figures(fragile: Any, edgecomp: Run, tmp_path: Path) -> None:
    convert = ("convert", fragile.model, "--target", "raspberry-pi-4b", "--data", fragile.data, "--effort", "low")
    assert edgecomp(*convert, "--out", tmp_path / "out").code == 0
    bundle = tmp_path / "out" / "bundle.zip"
    ended = edgecomp(
        *("evaluate", bundle, "--data", fragile.evaluation, "--against", fragile.model, "--max-drop", 1, "--json")
    )
    assert ended.code == 3
    assert "points are lost, 1 are allowed" in ended.stderr
    assert json.loads(ended.stdout)["comparison"]["within_budget"] is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metric", "accuracy"), "none of classification"),
        (("--metric", "no_such_module:score"), "cannot be imported"),
        (("--robustness", "rain"), "none of all, noise"),
        (("--robustness", "pgd"), "attacks need the float Keras model"),
        (("--max-drop", "1"), "--max-drop needs --against"),
        (("--scenario", "car"), "--scenario needs --against"),
        (("--scenario", "boat", "--against", "nowhere"), "none of phone, camera, car, gateway"),
        (("--stream", "3"), "too short"),
        (("--seen", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_refused(
    options: tuple[str, ...], said: str, bundle: Path, corners: Any, edgecomp: Run
) -> None:
    ended = edgecomp("evaluate", bundle, "--data", corners.evaluation, *options)
    assert ended.code == 2
    assert said in ended.stderr


def saved(model: Any, folder: Path, x: np.ndarray, y: np.ndarray) -> tuple[Path, Path]:
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=x, y=y)
    return folder / "model.keras", folder / "data.npz"


def test_an_autoencoder_is_judged_by_the_area(edgecomp: Run, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((12,), name="row")
    narrow = keras.layers.Dense(12, use_bias=False, kernel_initializer=keras.initializers.Identity())
    model = keras.Model(inputs, keras.ops.clip(narrow(inputs), -1, 1))
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (60, 12)).astype(np.float32)
    x[:20] *= 3
    y = (np.arange(60) < 20).astype(np.int64)
    file, data = saved(model, tmp_path, x, y)
    found = evaluated(edgecomp("evaluate", file, "--data", data, "--preprocess", "none", "--json"))
    assert (found["task"], found["metric"]["name"]) == ("anomaly", "auc")
    assert found["metric"]["value"] == pytest.approx(1.0)
    assert found["figures"]["partial_auc"] == pytest.approx(1.0)


def test_a_mask_for_each_photo_is_judged_by_overlap(edgecomp: Run, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((8, 8, 1), name="photo")
    model = keras.Model(inputs, keras.ops.concatenate([0.5 - inputs, inputs - 0.5], axis=-1))
    x = np.random.default_rng(0).random((12, 8, 8, 1)).astype(np.float32)
    y = (x[..., 0] > 0.5).astype(np.int64)
    y[:, 0] = 255
    file, data = saved(model, tmp_path, x, y)
    found = evaluated(edgecomp("evaluate", file, "--data", data, "--preprocess", "none", "--json"))
    assert (found["task"], found["metric"]["name"]) == ("segmentation", "miou")
    assert found["metric"]["value"] == pytest.approx(1.0, abs=1e-3)


def test_several_labels_at_a_time_and_a_figure_of_ones_own(
    edgecomp: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr("edgecomp.pipeline.evaluate.Worker", Worker)

    inputs = keras.Input((3,), name="row")
    model = keras.Model(inputs, keras.ops.sigmoid(20 * inputs))
    x = np.random.default_rng(0).uniform(-1, 1, (40, 3)).astype(np.float32)
    file, data = saved(model, tmp_path, x, (x > 0).astype(np.int64))
    found = evaluated(edgecomp("evaluate", file, "--data", data, "--preprocess", "none", "--json"))
    assert (found["task"], found["metric"]["value"]) == ("multilabel", 1.0)
    assert found["interval"] == [1.0, 1.0]
    (tmp_path / "own_share.py").write_text(
        "def share(outputs, labels):\n"
        "    return {'share': ((outputs[0] > 0.5) == labels).mean() / 2, 'n': len(labels)}\n"
    )
    monkeypatch.chdir(tmp_path)
    own = evaluate_files(file, data=data, preprocess="none", metric="own_share:share")  # in a process of its own
    assert own["metric"] == {"name": "share", "value": 0.5, "n": 40}
    assert own["figures"] == {"n": 40.0}
