"""The commands do what the README says, with the exit codes it lists, and never show a traceback unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.cli import main
from edgecomp_runtime.contract import Contract
from PIL import Image

Files = tuple[dict[str, bytes], Contract]
Write = Callable[..., Path]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{seed}.png")
    return folder


def test_run_names_the_classes_of_a_folder_of_photos(
    write_bundle: Write, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(write_bundle()), str(photos), "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(photos / f"{seed}.png") for seed in range(3)]
    assert all(line.count(",") == 1 for line in lines)


def test_run_as_json_has_the_scores(write_bundle: Write, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(write_bundle()), str(photos / "0.png"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [one["label"] for one in data["results"][0]["classes"]]
    assert data["failed"] == []


def test_a_broken_photo_among_good_ones_is_named_and_the_rest_answered(
    write_bundle: Write, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "1.png").write_bytes(b"no photo")
    assert main(["run", str(write_bundle()), str(photos), "--json"]) == 2
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert len(data["results"]) == 2
    assert data["failed"] == [{"input": str(photos / "1.png"), "error": "is not a photo in a format Pillow reads"}]
    assert err.count("\n") == 1
    assert str(photos / "1.png") in err


def test_run_leaves_out_a_tables_label_column(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = {"plain.csv": "a,b,c,d,e\n0,1,2,3,4\n", "labelled.csv": "a,b,label,c,d,e\n0,1,1,2,3,4\n"}
    answers = []
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
        assert main(["run", str(models / "table.tflite"), str(tmp_path / name), "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)["results"][0]["classes"])
    assert answers[0] == answers[1]


def test_run_reads_npy_npz_and_csv_alike(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.arange(10, dtype=np.float32).reshape(2, 5)
    np.save(tmp_path / "rows.npy", rows)
    np.savez(tmp_path / "rows.npz", x=rows)
    (tmp_path / "rows.csv").write_text("a,b,c,d,e\n0,1,2,3,4\n5,6,7,8,9\n")
    answers = []
    for suffix in ("npy", "npz", "csv"):
        assert main(["run", str(models / "table.tflite"), str(tmp_path / f"rows.{suffix}"), "--json"]) == 0
        results = json.loads(capsys.readouterr().out)["results"]
        answers.append([one["classes"] for one in results])
    assert len(answers[0]) == 2
    assert answers[0] == answers[1] == answers[2]


def test_run_feeds_several_inputs_from_npz(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "both.npz", a=np.ones((2, 4)), b=np.ones((2, 2)))
    assert main(["run", str(models / "two.tflite"), str(tmp_path / "both.npz")]) == 0
    assert "both.npz[1]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("none.png", None, "there is no such file"),
        ("rows.csv", b"1,2,3,4,x\n", "rows.csv:1: column 5 is 'x', not a number"),
        ("rows.csv", b"1,2,3\n", "rows.csv:1: has 3 numbers, the model takes 5"),
        ("rows.csv", b"\xff\xfe\x00", "not a text"),
        ("rows.csv", b"", "no rows of numbers"),
        ("rows.npy", b"hello", "not a NumPy file"),
        ("rows.npz", b"PK\x03\x04", "not a NumPy file"),
        ("cat.png", b"hello", "takes numbers"),
    ],
)
def test_bad_input_gives_exit_code_2_and_one_line(
    models: Path, tmp_path: Path, name: str, content: bytes | None, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert main(["run", str(models / "table.tflite"), str(path)]) == 2
    out, err = capsys.readouterr()
    assert part in err
    assert err.count("\n") == 1
    assert out == ""


def test_an_array_of_objects_is_not_unpickled(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "evil.npy", np.array([print], object), allow_pickle=True)
    assert main(["run", str(models / "table.tflite"), str(tmp_path / "evil.npy")]) == 2
    assert "not a NumPy file of plain numbers" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "{model}", "x.png", "--top", "0"],
        ["bench", "{model}", "--threads", "0"],
        ["bench", "{model}", "--seconds", "0"],
        ["bench", "{model}", "--engine", "onnx"],
        ["bench", "none.tflite"],
        ["verify", "{model}"],
    ],
)
def test_bad_options_give_exit_code_2(models: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    filled = [one.format(model=models / "table.tflite") for one in arguments]
    assert main(filled) == 2
    out, err = capsys.readouterr()
    assert err.startswith("edgecomp-runtime: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_debug_shows_where_an_error_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "none.tflite", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_verify_passes_a_good_bundle_and_fails_a_damaged_one_with_exit_code_5(
    write_bundle: Write, bundle_files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(write_bundle())]) == 0
    assert "verified: 6 golden samples, all outputs equal" in capsys.readouterr().out
    assert main(["verify", str(write_bundle()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    damaged = {**bundle_files[0], "labels.txt": b"changed"}
    assert main(["verify", str(write_bundle(files=damaged, listed=bundle_files[0]))]) == 5
    wheel = {**bundle_files[0], "wheels/numpy.whl": b"compiled code"}
    assert main(["verify", str(write_bundle(files={**wheel, "wheels/numpy.whl": b"?"}, listed=wheel))]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert "labels.txt" in err


def test_bench_ends_with_0_or_says_why_it_is_not_valid_with_4(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["bench", str(models / "photo_int8.tflite"), "--seconds", "0.2", "--json"])
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert code == (0 if data["valid"] else 4)
    assert (err == "") is data["valid"]
    assert main(["bench", str(models / "photo_int8.tflite"), "--seconds", "0.001", "--runs", "1000000"]) == 4
    assert "not valid: too few queries" in capsys.readouterr().err


def test_a_fault_of_ours_is_one_line_and_exit_code_1(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import edgecomp_runtime.measure.session

    def fault(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(edgecomp_runtime.measure.session, "measure_file", fault)
    assert main(["bench", str(models / "table.tflite")]) == 1
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert err.count("\n") == 1


def test_the_command_itself_runs_quietly(write_bundle: Write, photos: Path) -> None:
    command = [sys.executable, "-m", "edgecomp_runtime", "run", str(write_bundle()), str(photos / "0.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(photos / "0.png"))
    helped = subprocess.run([*command[:3], "--help"], capture_output=True, text=True, check=True)
    assert all(word in helped.stdout for word in ("run", "bench", "verify", "doctor"))


_OTHER = os.environ.get("EDGECOMP_TFLITE_RUNTIME_PYTHON")


@pytest.mark.skipif(
    _OTHER is None,
    reason="EDGECOMP_TFLITE_RUNTIME_PYTHON does not name a Python with tflite-runtime, NumPy < 2 and Pillow",
)
def test_tflite_runtime_runs_verifies_and_measures_the_same_bundle(
    write_bundle: Write, photos: Path, models: Path, tmp_path: Path
) -> None:
    def other(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "runtime")}
        command = [str(_OTHER), "-m", "edgecomp_runtime", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    bundle = str(write_bundle())
    verified = other("verify", bundle, "--json", "--engine", "tflite_runtime")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["exact"] is False
    here = subprocess.run(
        [sys.executable, "-m", "edgecomp_runtime", "run", bundle, str(photos)],
        capture_output=True,
        text=True,
        check=True,
    )
    there = other("run", bundle, str(photos))
    assert [line.split()[1] for line in there.stdout.splitlines()] == [
        line.split()[1] for line in here.stdout.splitlines()
    ]
    cut = tmp_path / "cut.tflite"
    cut.write_bytes((models / "photo_int8.tflite").read_bytes()[:900])
    refused = other("bench", str(cut), "--engine", "tflite_runtime")
    assert refused.returncode == 2
    assert "cut short" in refused.stderr
