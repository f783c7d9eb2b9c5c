"""A model answers as the bare interpreter would, with scaling and quantization done; whatever form its input has."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from edgecomp_runtime import InputError, Model, Prediction
from edgecomp_runtime.preprocess import prepare
from PIL import Image

LABELS = ("ant", "bee", "cat", "dog")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def photo_model(models: Path) -> Model:
    return Model.load(models / "photo_int8.tflite", preprocess="0..1", labels=LABELS)


def _by_hand(path: Path, values: np.ndarray) -> np.ndarray:
    """What a user of the bare interpreter writes: quantize, set, invoke, get, dequantize."""
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    stored = values if not scale else np.clip(np.round(values / np.float32(scale)) + zero_point, -128, 127)
    interpreter.set_tensor(source["index"], stored.astype(source["dtype"]))
    interpreter.invoke()
    found = interpreter.get_tensor(target["index"])
    scale, zero_point = target["quantization"]
    return (found.astype(np.float32) - zero_point) * np.float32(scale) if scale else found


@pytest.mark.parametrize("name", ["photo_int8", "photo_float"])
def test_predict_is_what_the_bare_interpreter_gives(models: Path, name: str, photo: np.ndarray) -> None:
    path = models / f"{name}.tflite"
    model = Model.load(path, preprocess="0..1,fit=crop")
    expected = _by_hand(path, prepare(model.contract.inputs[0], photo))
    found = model.predict(photo)
    assert found.dtype == np.float32
    assert found.shape == (4,)
    np.testing.assert_array_equal(found, expected[0])


def test_run_takes_values_that_are_preprocessed_and_stored_ones(photo_model: Model, photo: np.ndarray) -> None:
    values = prepare(photo_model.contract.inputs[0], photo)
    expected = photo_model.predict(photo)
    np.testing.assert_array_equal(photo_model.run(values[0]), expected)
    np.testing.assert_array_equal(photo_model.run(values), expected[np.newaxis])
    stored = photo_model.input.encode(values)
    assert stored.dtype == np.int8
    np.testing.assert_array_equal(photo_model.run(stored[0]), expected)


def test_a_photo_gives_the_same_as_path_image_and_array(photo_model: Model, photo: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    expected = photo_model.predict(photo)
    for other in (Image.fromarray(photo), tmp_path / "photo.png", str(tmp_path / "photo.png"), {"x": photo}):
        np.testing.assert_array_equal(photo_model.predict(other), expected)


def test_several_samples_are_stacked(photo_model: Model, photo: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    expected = np.stack([photo_model.predict(photo), photo_model.predict(photo[::-1])])
    np.testing.assert_array_equal(photo_model.predict(np.stack([photo, photo[::-1]])), expected)
    np.testing.assert_array_equal(photo_model.predict([photo, photo[::-1]]), expected)
    np.testing.assert_array_equal(photo_model.predict([Image.fromarray(photo), Image.fromarray(photo[::-1])]), expected)
    np.testing.assert_array_equal(photo_model.predict([tmp_path / "photo.png"]), expected[:1])


def test_grey_arrays_are_told_apart_from_batches(models: Path) -> None:
    model = Model.load(models / "gray_int8.tflite", preprocess="0..1")
    grey = np.random.default_rng(1).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    expected = np.stack([model.predict(one) for one in grey])
    assert expected.shape == (3, 4)
    np.testing.assert_array_equal(model.predict(grey), expected)
    np.testing.assert_array_equal(model.predict(grey[..., np.newaxis]), expected)
    np.testing.assert_array_equal(model.predict(grey.astype(np.float32)), expected)
    assert model.predict(np.repeat(grey[0][..., np.newaxis], 3, axis=2)).shape == (4,)


def test_lists_of_numbers_are_samples_or_batches_by_their_shape(models: Path) -> None:
    model = Model.load(models / "table.tflite")
    row = [1.0, 2.0, 3.0, 4.0, 5.0]
    single = model.predict(row)
    assert single.shape == (3,)
    np.testing.assert_array_equal(model.predict([row, row]), np.stack([single, single]))


def test_several_inputs_and_outputs_go_by_name(models: Path) -> None:
    model = Model.load(models / "two.tflite")
    found = model.predict({"a": [1, 2, 3, 4], "b": [10, 20]})
    assert found["sum"].tolist() == [20, 30]
    assert found["product"].tolist() == [30, 60, 90, 120]
    several = model.predict({"a": np.ones((3, 4)), "b": np.arange(6).reshape(3, 2)})
    assert several["sum"].tolist() == [[4, 5], [6, 7], [8, 9]]
    assert several["product"].shape == (3, 4)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ([1, 2, 3, 4], "a, b|b, a"),
        ({"a": [1, 2, 3, 4]}, "a value for each"),
        ({"a": [1, 2, 3, 4], "b": [1, 2], "c": 1}, "no others"),
        ({"a": np.ones((3, 4)), "b": np.ones((2, 2))}, "same number of samples"),
        ({"a": np.ones((3, 4)), "b": np.ones(2)}, "same number of samples"),
    ],
)
def test_inputs_that_do_not_match_are_refused(models: Path, value: object, part: str) -> None:
    with pytest.raises(InputError, match=part):
        Model.load(models / "two.tflite").predict(value)


def test_ids_go_in_as_they_are(models: Path) -> None:
    model = Model.load(models / "ids.tflite", preprocess="-1..1")
    assert model.input.dtype == "int32"
    np.testing.assert_array_equal(model.predict([1, 1, 1, 1, 1, 1]), model.run(np.ones(6, np.int32)))
    with pytest.raises(InputError, match="whole numbers"):
        model.predict([0.5] * 6)


def test_classify_names_the_likeliest_first(photo_model: Model, photo: np.ndarray) -> None:
    scores = photo_model.predict(photo)
    found = photo_model.classify(photo, top=2)
    assert isinstance(found[0], Prediction)
    best = int(np.argmax(scores))
    assert found[0] == (LABELS[best], best, float(scores[best]))
    assert len(found) == 2
    assert found[0].score >= found[1].score
    assert len(photo_model.classify(photo, top=99)) == 4
    assert [len(one) for one in photo_model.classify([photo, photo])] == [4, 4]


def test_classify_applies_what_the_contract_says(models: Path) -> None:
    from edgecomp_runtime.preprocess import build_contract, parse_preprocess
    from edgecomp_runtime.tensors import read_tensors

    bare = Model.load(models / "table.tflite")
    tensors = read_tensors(bare._interpreter)
    contract = build_contract(parse_preprocess("none"), *tensors, images=False, activation="softmax")
    model = Model.load(models / "table.tflite", preprocess=contract)
    logits = model.predict([1, 2, 3, 4, 5]).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum()
    found = {one.index: one.score for one in model.classify([1, 2, 3, 4, 5])}
    np.testing.assert_allclose([found[index] for index in range(3)], expected, rtol=1e-9)
    assert [one.label for one in model.classify([1, 2, 3, 4, 5])] == [str(i) for i in np.argsort(-expected)]


def test_values_are_no_classes(models: Path) -> None:
    contract = Model.load(models / "two.tflite").contract
    assert {one.kind for one in contract.outputs} == {"classification"}
    with pytest.raises(InputError, match="top is 0"):
        Model.load(models / "table.tflite").classify([1, 2, 3, 4, 5], top=0)


@pytest.mark.parametrize("shape", [(12, 16), (12, 16, 4), (16, 12, 3), (2, 2, 12, 16, 3), ()])
def test_an_array_of_the_wrong_shape_is_refused(photo_model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="does not fit"):
        photo_model.predict(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="does not fit"):
        photo_model.run(np.zeros(shape, np.float32))


def test_an_empty_batch_is_refused(photo_model: Model) -> None:
    with pytest.raises(InputError, match="no samples"):
        photo_model.predict(np.zeros((0, 12, 16, 3), np.float32))


def test_nan_is_refused_by_a_quantized_model(photo_model: Model) -> None:
    with pytest.raises(InputError, match="NaN"):
        photo_model.run(np.full((12, 16, 3), np.nan, np.float32))


def test_what_comes_out_is_not_overwritten_by_the_next_call(photo_model: Model, models: Path) -> None:
    for model in (photo_model, Model.load(models / "photo_float.tflite")):
        dark, light = np.zeros((12, 16, 3), np.float32), np.ones((12, 16, 3), np.float32)
        first = model.run(dark)
        kept = first.copy()
        model.run(light)
        np.testing.assert_array_equal(first, kept)


def test_threads_take_turns_and_get_their_own_answers(photo_model: Model) -> None:
    random = np.random.default_rng(2)
    values = random.random((4, 12, 16, 3), dtype=np.float32)
    expected = [photo_model.run(one) for one in values]
    wrong: list[int] = []

    def work(index: int) -> None:
        wrong.extend(index for _ in range(200) if not np.array_equal(photo_model.run(values[index]), expected[index]))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_labels_come_from_a_file_too_and_have_to_fit(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("ant\r\nbee\r\nKätzchen\r\ndog\r\n".encode())
    model = Model.load(models / "photo_int8.tflite", labels=path)
    assert model.contract.outputs[0].labels == ("ant", "bee", "Kätzchen", "dog")
    with pytest.raises(InputError, match="3 labels"):
        Model.load(models / "photo_int8.tflite", labels=["a", "b", "c"])
    with pytest.raises(InputError, match="cannot be read"):
        Model.load(models / "photo_int8.tflite", labels=tmp_path / "none.txt")


def test_a_model_describes_itself(photo_model: Model, models: Path) -> None:
    assert photo_model.input.name == "x"
    assert photo_model.input.shape == (1, 12, 16, 3)
    assert photo_model.input.dtype == "float32"
    assert photo_model.input.stored_dtype == "int8"
    assert photo_model.output.quantized
    assert photo_model.load_ms > 0
    with pytest.raises(InputError, match="2 inputs"):
        _ = Model.load(models / "two.tflite").input


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, edgecomp_runtime; print([m for m in ('numpy', 'PIL', 'ai_edge_litert') if m in sys.modules])"
    assert _python(code).strip() == "[]"


def test_importing_model_imports_neither_an_interpreter_nor_pillow() -> None:
    code = (
        "import sys; from edgecomp_runtime import Model\n"
        "print([m for m in ('PIL', 'ai_edge_litert', 'tflite_runtime', 'tensorflow') if m in sys.modules])"
    )
    assert _python(code).strip() == "[]"


def test_importing_model_leaves_the_rest_of_the_package_to_loading() -> None:
    code = (
        "import sys; from edgecomp_runtime import Model; print([m for m in sys.modules if m.startswith('edgecomp_')])"
    )
    assert _python(code).strip() == "['edgecomp_runtime', 'edgecomp_runtime.errors', 'edgecomp_runtime.model']"
