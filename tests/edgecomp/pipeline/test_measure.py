"""What a conversion finds out of the answers: figures, mistakes by name, robustness, in report.json and on pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline import convert as stages
from edgecomp.report import validate_report
from edgecomp.tflite import read_tflite

Convert = Callable[..., Any]
LAYER = "conv"


def photos(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Dark noise with one bright corner, as the network of `corners` knows it: uint8 [count, 8, 8, 1], and which."""
    rng = np.random.default_rng(seed)
    made, labels = rng.integers(0, 90, (count, 8, 8, 1)), np.arange(count) % 4
    for photo, label in zip(made, labels, strict=True):
        row, column = (0 if label >= 2 else 4), 4 * (label % 2)
        photo[row : row + 4, column : column + 4] += rng.integers(20, 160, (4, 4, 1))
    return made.clip(0, 255).astype(np.uint8), labels


def run(quick: Convert, corners: Any, out: Any, **options: Any) -> Any:
    given = {"data": photos(40, 1)[0], "evaluation": photos(120, 2), "max_drop": 5, "preprocess": "none", **options}
    return quick(corners.model, out=out / "out", **given)


def said(made: Any) -> str:
    """What looks like a mistake; it has to stand on the first screen of the page, too."""
    found = " ".join(made.report["evaluation"]["diagnosis"])
    page = (made.folder / "report.html").read_text("utf-8")
    assert ("Do not ship yet" in page) == bool(found)
    assert ("Do not ship yet" in (made.folder / "report.md").read_text("utf-8")) == bool(found)
    return found


def test_a_sound_conversion_has_figures_intervals_curves_and_no_mistake(
    corners: Any, quick: Convert, tmp_path: Any
) -> None:
    made = run(quick, corners, tmp_path)
    report, found = made.report, made.report["evaluation"]
    validate_report(report)
    assert said(made) == ""
    assert found["task"] == "classification"
    assert found["files"]["compressed"]["metric"] == report["compressed"]["metric"]
    low, high = found["files"]["compressed"]["interval"]
    assert low <= report["compressed"]["metric"]["value"] <= high
    assert 100 * found["comparison"]["drop"] == pytest.approx(report["drop_points"])
    assert found["comparison"]["max_drop_points"] == 5
    assert [one["name"] for one in found["robustness"]["curves"]] == ["noise", "blur", "brightness", "contrast"]
    assert all(len(one["points"]) == 6 for one in found["robustness"]["curves"])
    assert found["attention"]["samples"]
    assert {one["name"] for one in report["cost"]["quantities"]} >= {"accuracy", "latency", "size"}
    assert report["float"]["agreement"] == 1.0


def test_low_effort_looks_at_less_and_says_what_it_left_out(corners: Any, quick: Convert, tmp_path: Any) -> None:
    found = run(quick, corners, tmp_path, effort="low").report["evaluation"]
    assert found["attention"] is None
    assert "--robustness all takes about" in found["robustness"]["reason"]
    assert found["files"]["compressed"]["metric"]["n"] == 120


def test_robustness_that_is_asked_for_is_measured(corners: Any, quick: Convert, tmp_path: Any) -> None:
    found = run(quick, corners, tmp_path, effort="low", robustness="contrast").report["evaluation"]
    assert [one["name"] for one in found["robustness"]["curves"]] == ["contrast"]


def test_an_attack_without_labels_is_refused_before_the_conversion(corners: Any, quick: Convert, tmp_path: Any) -> None:
    with pytest.raises(InputError, match="--robustness pgd attacks"):
        run(quick, corners, tmp_path, evaluation=None, max_drop=None, robustness="pgd")
    assert list(tmp_path.iterdir()) == []


def test_without_an_evaluation_set_agreement_is_all_there_is(corners: Any, quick: Convert, tmp_path: Any) -> None:
    report = run(quick, corners, tmp_path, evaluation=None, max_drop=None).report
    found = report["evaluation"]
    assert found["task"] is None
    assert found["robustness"] is found["attention"] is None
    assert report["agreement"] is not None
    assert report["float"]["metric"] is None


def test_labels_in_another_order_are_named(corners: Any, quick: Convert, tmp_path: Any) -> None:
    values, labels = photos(120, 2)
    assert "order of the labels" in said(run(quick, corners, tmp_path, evaluation=(values, (labels + 1) % 4)))


def test_another_preprocessing_than_in_calibration_is_named(corners: Any, quick: Convert, tmp_path: Any) -> None:
    dim = (photos(40, 1)[0] / 255).astype(np.float32)
    given = (photos(120, 2)[0].astype(np.float32), photos(120, 2)[1])
    made = run(quick, corners, tmp_path, data=dim, evaluation=given, max_drop=None)
    assert "Preprocessing differs between calibration and evaluation" in said(made)


def test_evaluation_samples_that_were_calibrated_on_are_named(corners: Any, quick: Convert, tmp_path: Any) -> None:
    values, labels = photos(120, 2)
    made = run(quick, corners, tmp_path, data=values[:30], evaluation=(values, labels))
    assert "30 of 120 evaluation samples are also calibration samples" in said(made)
    assert (made.folder / "report.html").read_text("utf-8").count("30 of 120 evaluation samples") == 1


def test_a_damaged_layer_is_named(corners: Any, quick: Convert, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One layer's weights with the wrong sign in the file, as a faulty pass would leave them."""
    compress = stages.compress

    def damaging(*arguments: Any, **options: Any) -> Any:
        compressed = compress(*arguments, **options)
        file = compressed.file
        graph = read_tflite(file).main
        convolution = next(one for one in graph.operators if one.name == "CONV_2D")
        weights = bytes(graph.tensors[convolution.inputs[1]].buffer)
        assert file.count(weights) == 1
        wrong = (-np.frombuffer(weights, np.int8).clip(-127)).astype(np.int8).tobytes()
        return replace(compressed, quantized=replace(compressed.quantized, file=file.replace(weights, wrong)))

    monkeypatch.setattr(stages, "compress", damaging)
    made = run(quick, corners, tmp_path, max_drop=None)
    assert f"Layer {LAYER} ruins the answers" in said(made)
