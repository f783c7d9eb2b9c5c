from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from PIL import Image

from edgecomp.data import check_calibration, check_evaluation, check_overlap, open_data
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

ROW = TensorSpec("row", (1, 4))
IMAGE = TensorSpec("image", (1, 8, 8, 3))
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = np.arange(40) % 3


def contract(spec: TensorSpec = ROW, classes: int = 3, preprocess: str = "none", images: bool = False) -> Contract:
    return build_contract(parse_preprocess(preprocess), [spec], [TensorSpec("scores", (1, classes))], images=images)


def calibration(data: object, made: Contract | None = None, spec: TensorSpec = ROW) -> list[str]:
    return check_calibration(open_data(data, inputs=[spec]), made or contract(spec), [spec])  # type: ignore[arg-type]


def evaluation(data: object, made: Contract | None = None, spec: TensorSpec = ROW) -> list[str]:
    return check_evaluation(open_data(data, inputs=[spec]), made or contract(spec))  # type: ignore[arg-type]


def test_good_sets_pass_without_a_word() -> None:
    assert calibration(X) == []
    assert calibration((X, Y)) == []
    assert evaluation((X, Y)) == []


def test_few_calibration_samples_are_warned_of() -> None:
    assert "5 sample(s) are few to calibrate with" in calibration(X[:5])[0]
    assert evaluation((X[:5], Y[:5])) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((20, 4), np.float32) * X[0], "all 20 samples are identical"),
        (np.arange(20, dtype=np.float32)[:, None] * np.ones(4, np.float32), "every sample is constant"),
        (np.zeros((20, 4), np.float32), "all 20 samples are identical"),
    ],
)
def test_constant_data_is_refused(data: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        calibration(data)


def test_a_few_constant_samples_are_warned_of_by_name() -> None:
    x = X.copy()
    x[7] = 0
    assert "1 of 40 samples are constant in input row, such as x[7]" in calibration(x)[0]


@pytest.mark.parametrize("check", [calibration, evaluation])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.where(np.arange(40) == 5, -1, Y), r"x\[5\] has the negative label -1"),
        (
            np.where(np.arange(40) == 5, 3, Y),
            r"x\[5\] has label 3, but the model's output scores has the classes 0 to 2",
        ),
        (Y + 1, "do they count from 1"),
        (Y + 0.5, r"x\[0\] has a label that is not a class index"),
        (RNG.normal(size=(40, 3)), "not a class index"),
    ],
    ids=["negative", "beyond the output", "from 1", "fractions", "targets"],
)
def test_labels_that_do_not_fit_the_output_are_refused(check: object, y: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check((X, y))  # type: ignore[operator]


def test_one_class_only_is_warned_of() -> None:
    assert "all 40 samples are of one class (1); accuracy on one class says little" in evaluation((X, Y * 0 + 1))[0]
    assert "ranges seen on one class may not fit" in calibration((X, Y * 0 + 1))[0]


def test_evaluation_needs_labels() -> None:
    with pytest.raises(InputError, match="has no labels, and accuracy needs them"):
        evaluation(X)


def test_targets_of_another_size_than_the_output_are_refused() -> None:
    values = build_contract(parse_preprocess("none"), [ROW], [TensorSpec("map", (1, 2, 2))], images=False)
    assert evaluation((X, RNG.normal(size=(40, 2, 2))), values) == []
    with pytest.raises(InputError, match=r"target of shape \[3\].*shape \[2, 2\]"):
        evaluation((X, RNG.normal(size=(40, 3))), values)


def test_names_of_classes_are_counted_against_the_output() -> None:
    names = np.array(["a", "b", "c", "d"])[np.arange(40) % 4]
    with pytest.raises(InputError, match=r"has 4 classes \(a, b, c, d\), but the model's output scores has 3"):
        calibration((X, names))
    with pytest.raises(InputError, match="has 4 classes, but the model has 10"):
        evaluation((X, names), contract(classes=10))
    assert "has 4 classes, but the model has 10" in calibration((X, names), contract(classes=10))[0]


def test_a_contract_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="the model has"):
        check_calibration(open_data(X, inputs=[ROW]), contract(), [TensorSpec("other", (1, 4))])


def images(low: float, high: float) -> np.ndarray:
    return RNG.uniform(low, high, (30, 8, 8, 3)).astype(np.float32)


@pytest.mark.parametrize("preprocess", ["0..1", "-1..1", "imagenet-caffe", "imagenet-torch"])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1, 1), (-2.1, 2.6)])
def test_values_that_were_normalized_already_are_refused(preprocess: str, low: float, high: float) -> None:
    with pytest.raises(InputError, match=r"from .* to .*, but --preprocess .*: pass --preprocess none"):
        calibration(images(low, high), contract(IMAGE, preprocess=preprocess), IMAGE)


def test_a_scale_that_may_be_wrong_is_warned_of() -> None:
    made = contract(IMAGE, preprocess="0..1")
    assert calibration(images(0, 255), made, IMAGE) == []
    assert "is that the range the model was trained on?" in calibration(images(0, 16), made, IMAGE)[0]
    assert "expects 0 to 255; mean=" in calibration(images(0, 4095), made, IMAGE)[0]
    assert calibration(images(0, 1), contract(IMAGE, preprocess="none"), IMAGE) == []
    assert calibration(images(0, 1), contract(IMAGE, preprocess="mean=0.5,std=0.5"), IMAGE) == []


def test_dark_photos_are_still_photos() -> None:
    pixels = RNG.integers(0, 3, (30, 8, 8, 3)).astype(np.uint8)
    assert calibration(pixels, contract(IMAGE, preprocess="0..1", images=True), IMAGE) == []


def test_overlap_of_arrays_is_counted_by_content() -> None:
    first, second = open_data(X[:30], inputs=[ROW]), open_data((X[20:], Y[20:]), inputs=[ROW])
    assert (
        "10 of 20 evaluation samples are also calibration samples, such as x[0] (x[20])"
        in check_overlap(first, second)[0]
    )
    assert check_overlap(open_data(X[:20], inputs=[ROW]), second) == []


def test_evaluating_on_the_calibration_set_is_refused_unless_it_is_allowed() -> None:
    data = open_data((X, Y), inputs=[ROW])
    part = open_data((X[:9], Y[:9]), inputs=[ROW])
    with pytest.raises(InputError, match="every evaluation sample is also a calibration sample"):
        check_overlap(data, part)
    assert "9 of 9" in check_overlap(data, part, allow_same=True)[0]


def test_overlap_of_photos_is_found_under_other_names(tmp_path: Path) -> None:
    for name in ("calibration/a.png", "evaluation/x/b.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.fromarray(RNG.integers(0, 255, (9, 9, 3), np.uint8)).save(tmp_path / name)
    calibrated = open_data(tmp_path / "calibration", inputs=[IMAGE])
    assert check_overlap(calibrated, open_data(tmp_path / "evaluation", inputs=[IMAGE])) == []
    (tmp_path / "evaluation/x/c.png").write_bytes((tmp_path / "calibration/a.png").read_bytes())
    (tmp_path / "evaluation/x/broken.png").touch()
    found = check_overlap(calibrated, open_data(tmp_path / "evaluation", inputs=[IMAGE]))
    assert "1 of 3 evaluation samples" in found[0]
    assert "x/c.png (a.png)" in found[0]
