"""Bad input, as people give it: the right exit code, one clear message, no traceback, and nothing left behind."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .bad_files import (
    write_arrays,
    write_files_that_are_no_model,
    write_good,
    write_models_that_do_not_fit,
    write_photos,
    write_places,
    write_texts,
)

Run = Callable[..., Any]
TARGET = ("--target", "raspberry-pi-4b")


@pytest.fixture(scope="module")
def bad(corners: Any, fragile: Any, network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of everything that is wrong, beside what is right."""
    folder = tmp_path_factory.mktemp("bad")
    write_good(folder, corners, fragile)
    write_files_that_are_no_model(folder)
    write_models_that_do_not_fit(folder, network)
    write_photos(folder)
    write_arrays(folder)
    write_texts(folder)
    write_places(folder)
    return folder


# What is given instead of the good arguments, the exit code, and words that the message must have.
CONVERT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "missing model": ({"model": "none.keras"}, ("none.keras", "no model")),
    "folder that is no SavedModel": ({"model": "no_saved_model"}, ("no_saved_model", "SavedModel")),
    "weights only": ({"model": "only.weights.h5"}, ("only.weights.h5", "weights")),
    "quantized .tflite": ({"model": "quantized.tflite"}, ("quantized.tflite", "quantized")),
    "damaged .tflite": ({"model": "damaged.tflite"}, ("damaged",)),
    "pickle": ({"model": "model.pkl"}, ("model.pkl", "pickle")),
    "zip of something": ({"model": "other.zip"}, ("other.zip", "zip")),
    "text": ({"model": "text.keras"}, ("text.keras", "text file")),
    "empty file": ({"model": "empty.keras"}, ("empty.keras", "empty")),
    "truncated .keras": ({"model": "truncated.keras"}, ("truncated.keras",)),
    "truncated .h5": ({"model": "truncated.h5"}, ("truncated.h5",)),
    "a photo": ({"model": "flat_photos/0.png"}, ("0.png", "picture")),
    "custom layer": ({"model": "custom.keras"}, ("Doubling", "--custom-objects")),
    "custom objects that are not there": (
        {"model": "custom.keras", "--custom-objects": "no_such_module"},
        ("no_such_module",),
    ),
    "Lambda": ({"model": "lambda.keras"}, ("Lambda", "--allow-code")),
    "unknown size": ({"model": "open_size.keras"}, ("photo", "--input-shape")),
    "op without a builtin": ({"model": "flex.keras", "--preprocess": "none"}, ("Erfinv",)),
    "model that gives NaN": ({"model": "nan.keras", "--preprocess": "none"}, ("NaN",)),
    "unknown target": ({"--target": "raspbery-pi-4b"}, ("raspbery-pi-4b", "raspberry-pi-4b")),
    "no target": ({"--target": None}, ("--target",)),
    "target with an error": ({"--target": "board.yaml"}, ("board.yaml", "threads", ":5")),
    "target file that is not there": ({"--target": "none.yaml"}, ("none.yaml",)),
    "scheme that the target lacks": (
        {"--target": "coral-edgetpu", "--scheme": "float32"},
        ("coral-edgetpu", "float32"),
    ),
    "unknown scheme": ({"--scheme": "int3"}, ("int3", "int8")),
    "unknown effort": ({"--effort": "some"}, ("some", "normal")),
    "float budget below zero": ({"--float-budget": "-1"}, ("--float-budget", "-1")),
    "io that the target lacks": ({"--target": "browser", "--io": "int8"}, ("browser", "int8")),
    "io that the scheme lacks": ({"--scheme": "float16", "--io": "int8"}, ("float16", "--io")),
    "missing data": ({"--data": "nowhere"}, ("nowhere",)),
    "no data option": ({"--data": None}, ("--data",)),
    "empty folder": ({"--data": "empty_folder"}, ("empty_folder", "no photos")),
    "only broken photos": ({"--data": "broken_photos"}, ("broken_photos",)),
    "text as data": ({"--data": "data.txt"}, ("data.txt",)),
    "photos for a table": ({"model": "row.keras", "--data": "photos", "--eval": None}, ("photos", "row")),
    "NaN": ({"model": "row.keras", "--data": "nan.npz", "--eval": None}, ("nan.npz", "NaN", "7")),
    "wrong shape": ({"model": "row.keras", "--data": "wide.npz", "--eval": None}, ("wide.npz", "[3]", "[2]")),
    "text in an array": ({"model": "row.keras", "--data": "text.npz", "--eval": None}, ("text.npz", "text")),
    "objects": ({"model": "row.keras", "--data": "objects.npy", "--eval": None}, ("objects.npy", "object")),
    "truncated .npz": ({"model": "row.keras", "--data": "truncated.npz", "--eval": None}, ("truncated.npz",)),
    "constant": ({"model": "row.keras", "--data": "constant.npy", "--eval": None}, ("constant.npy", "identical")),
    "uneven arrays": ({"model": "row.keras", "--data": "uneven.npz", "--eval": None}, ("uneven.npz", "39")),
    "word in a table": ({"model": "row.keras", "--data": "words.csv", "--eval": None}, ("words.csv", "line 3", "b")),
    "CSV of missing files": ({"--data": "missing_files.csv"}, ("missing_files.csv", "gone/0.png")),
    "function that is not there": ({"--data": "no_such_module:samples"}, ("no_such_module",)),
    "evaluation is calibration": ({"--eval": "photos"}, ("photos", "held out")),
    "evaluation without labels": ({"--eval": "flat_photos"}, ("flat_photos", "labels")),
    "label out of range": (
        {"model": "row.keras", "--data": "rows.npz", "--eval": "label_9.npz"},
        ("label_9.npz", "0 to 1"),
    ),
    "labels that are no classes": (
        {"model": "row.keras", "--data": "rows.npz", "--eval": "targets.npz", "--max-drop": "1"},
        ("--max-drop",),
    ),
    "too many classes": ({"--eval": "six_classes"}, ("six_classes", "6 classes", "4")),
    "labels of other classes": ({"--labels": "labels.txt"}, ("bottom-left", "one, two")),
    "too few labels": (
        {"model": "four.keras", "--data": "rows.npz", "--eval": "rows_test.npz", "--labels": "labels.txt"},
        ("2 classes", "4"),
    ),
    "labels that are no text": ({"--labels": "bytes.txt"}, ("bytes.txt",)),
    "labels that are not there": ({"--labels": "none.txt"}, ("none.txt",)),
    "budget without evaluation": ({"--eval": None, "--max-drop": "1"}, ("--max-drop", "--eval")),
    "negative budget": ({"--max-drop": "-1"}, ("--max-drop",)),
    "budget that is no number": ({"--max-drop": "nan"}, ("--max-drop",)),
    "unknown preprocessing": ({"--preprocess": "magic"}, ("magic",)),
    "preprocessing that divides by zero": ({"--preprocess": "mean=0,std=0"}, ("std",)),
    "too little for auto": ({"model": "unscaled.keras", "--data": "flat_photos", "--eval": None}, ("--preprocess",)),
    "no samples": ({"--samples": "0"}, ("--samples",)),
    "negative seed": ({"--seed": "-1"}, ("seed",)),
    "recipe with another pass": ({"--recipe": "recipe.yaml"}, ("recipe.yaml", "quantize")),
    "recipe that is no YAML": ({"--recipe": "torn.yaml"}, ("torn.yaml", "line")),
    "recipe that is not there": ({"--recipe": "none.yaml"}, ("none.yaml",)),
    "output not empty": ({"--out": "full"}, ("full", "--force")),
    "output is a file": ({"--out": "file"}, ("file",)),
    "output below a file": ({"--out": "file/below"}, ("file",)),
    "output where nothing can be": ({"--out": "/proc/edgecomp/out"}, ("/proc",)),
    "no output": ({"--out": None}, ("--out",)),
    "bad shape": ({"--input-shape": "8,x"}, ("--input-shape", "8,x")),
    "shape that contradicts": ({"--input-shape": "9,9,1"}, ("9,9,1", "photo")),
    "unknown option": ({"--speed": "11"}, ("--speed",)),
}


def assert_one_message(ended: Any, code: int, said: tuple[str, ...]) -> None:
    assert ended.code == code, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, ended.stderr
    message = lines[0]
    assert re.match(r"edgecomp(-runtime)?: \S", message)
    assert all(word.lower() in message.lower() for word in said), message
    assert len(re.findall(r"[.!?] +[A-Z]", message)) <= 1, message
    assert "Traceback" not in ended.stderr + ended.stdout
    assert ended.stdout == ""


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", CONVERT)
def test_convert_refuses(kind: str, bad: Path, edgecomp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, said = CONVERT[kind]
    monkeypatch.chdir(bad)
    before, names = snapshot(bad), set(bad.rglob("*"))
    given = {
        "model": "good.keras",
        "--target": "raspberry-pi-4b",
        "--data": "photos",
        "--eval": "test",
        "--out": "results/out",
        **changed,
    }
    model = given.pop("model")
    options = [part for name, value in given.items() if value is not None for part in (name, value)]
    assert_one_message(edgecomp("convert", model, *options), 2, said)
    assert snapshot(bad) == before
    assert set(bad.rglob("*")) == names


@pytest.fixture(scope="module")
def bundles(corners: Any, bad: Path, shared_worker: Any) -> Path:
    """A good bundle, and the same one damaged in several ways."""
    from contextlib import nullcontext

    from edgecomp.pipeline.convert import convert

    folder = bad / "bundles"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))
        made = convert(corners.model, target="raspberry-pi-4b", data=corners.data, out=bad / "made")
    folder.mkdir()
    data = made.bundle.read_bytes()
    (folder / "truncated.zip").write_bytes(data[: len(data) // 2])
    with zipfile.ZipFile(made.bundle) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    model = next(name for name in entries if name.startswith("model."))
    changed = {
        "weight.zip": {**entries, model: entries[model][:-1] + b"\x7f"},
        "extra.zip": {**entries, "evil.py": b"print()"},
        "manifest.zip": {**entries, "manifest.json": b"{"},
    }
    changed["missing.zip"] = {name: entry for name, entry in entries.items() if name != model}
    for name, contents in changed.items():
        with zipfile.ZipFile(folder / name, "w") as archive:
            for entry, content in contents.items():
                archive.writestr(entry, content)
    shutil.copy(made.model, folder / "alone.tflite")
    shutil.copy(made.bundle, folder / "good.zip")
    return folder


@pytest.mark.parametrize("name", ["truncated.zip", "weight.zip", "extra.zip", "manifest.zip", "missing.zip"])
@pytest.mark.parametrize("verb", ["evaluate", "inspect", "profile"])
def test_a_damaged_bundle_is_an_integrity_failure(
    verb: str, name: str, bundles: Path, bad: Path, edgecomp: Run
) -> None:
    options = ("--data", bad / "test") if verb == "evaluate" else ()
    assert_one_message(edgecomp(verb, bundles / name, *options), 5, (name,))


EVALUATE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "missing file": (("none.tflite", "--data", "test"), ("none.tflite",)),
    "text": (("data.txt", "--data", "test"), ("data.txt",)),
    "damaged .tflite": (("damaged.tflite", "--data", "test"), ("damaged",)),
    "missing data": (("good.keras", "--data", "nowhere"), ("nowhere",)),
    "no data": (("good.keras",), ("--data",)),
    "too many classes": (("good.keras", "--data", "six_classes"), ("six_classes", "6 classes")),
    "a table for photos": (("good.keras", "--data", "rows.npz"), ("rows.npz",)),
    "quantized without preprocessing": (("bundles/alone.tflite", "--data", "test"), ("--preprocess",)),
    "missing other": (("good.keras", "--data", "test", "--against", "none.keras"), ("none.keras",)),
    "other that does not fit": (("good.keras", "--data", "test", "--against", "row.keras"), ("row",)),
    "bad limit": (("good.keras", "--data", "test", "--limit", "0"), ("--limit",)),
    "a bundle on broken photos": (("bundles/good.zip", "--data", "broken_photos"), ("broken_photos", "0.png")),
    "broken photos": (("good.keras", "--data", "broken_photos"), ("broken_photos",)),
}


@pytest.mark.parametrize("kind", EVALUATE)
def test_evaluate_refuses(kind: str, bad: Path, bundles: Path, edgecomp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, said = EVALUATE[kind]
    monkeypatch.chdir(bad)
    assert_one_message(edgecomp("evaluate", *arguments), 2, said)


OTHERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "inspect missing": (("inspect", "none.keras"), ("none.keras",)),
    "inspect text": (("inspect", "data.txt"), ("data.txt",)),
    "inspect damaged": (("inspect", "damaged.tflite"), ("damaged.tflite",)),
    "inspect weights": (("inspect", "only.weights.h5"), ("weights",)),
    "inspect for nothing": (("inspect", "good.keras", "--target", "toaster"), ("toaster",)),
    "profile missing": (("profile", "none.tflite"), ("none.tflite",)),
    "profile a Keras model": (("profile", "good.keras"), ("good.keras",)),
    "profile damaged": (("profile", "damaged.tflite"), ("damaged.tflite",)),
    "profile elsewhere": (("profile", "good.keras", "--on", "mars"), ("mars",)),
    "profile with no threads": (("profile", "good.keras", "--threads", "0"), ("--threads",)),
    "show an unknown target": (("targets", "show", "toaster"), ("toaster",)),
    "check a bad target": (("targets", "check", "board.yaml"), ("board.yaml", "threads")),
    "unknown verb": (("shrink", "good.keras"), ("shrink",)),
    "unknown verb of targets": (("targets", "burn"), ("burn",)),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_verbs_refuse(kind: str, bad: Path, edgecomp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, said = OTHERS[kind]
    monkeypatch.chdir(bad)
    assert_one_message(edgecomp(*arguments), 2, said)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Lambda", "NaN", "output not empty", "unknown option"])
def test_the_same_from_a_real_process(kind: str, bad: Path) -> None:
    """A handful once more as users run them, with native libraries starting up and everything."""
    changed, said = CONVERT[kind]
    before = set(bad.rglob("*"))
    given = {"model": "good.keras", "--data": "photos", "--out": "results/out", **changed}
    options = [str(part) for name, value in given.items() if name != "model" and value for part in (name, value)]
    run = subprocess.run(
        [sys.executable, "-m", "edgecomp.cli.main", "convert", str(given["model"]), *TARGET, *options],
        cwd=bad,
        capture_output=True,
        text=True,
        timeout=300,
    )

    class Ended:
        code, stdout, stderr = run.returncode, run.stdout, run.stderr

    assert_one_message(Ended, 2, said)
    assert set(bad.rglob("*")) == before
