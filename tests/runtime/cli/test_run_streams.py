"""`run` on pipes, videos and cameras."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.cli import main
from PIL import Image


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_raw_frames_on_stdin_are_answered_as_in_a_file(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(0).random((4, 5), dtype=np.float32)
    np.save(tmp_path / "rows.npy", rows)
    feed(monkeypatch, rows.tobytes())
    model = str(models / "table.tflite")
    assert main(["run", model, "-", "--frame", "5:float32", "--json-lines"]) == 0
    from_pipe = lines(capsys)
    assert main(["run", model, str(tmp_path / "rows.npy"), "--json"]) == 0
    from_file = json.loads(capsys.readouterr().out)["results"]
    assert [one["classes"] for one in from_pipe] == [one["classes"] for one in from_file]
    assert [(one["input"], one["frame"], one["dropped"]) for one in from_pipe] == [
        (f"stdin[{n}]", n, 0) for n in range(4)
    ]


def test_photos_on_stdin_are_answered_and_counted(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (30, 20), (200, 10, 10)).save(file, "JPEG")
    feed(monkeypatch, file.getvalue() * 5)
    assert main(["run", str(models / "photo_int8.tflite"), "-", "--count", "3", "--rate", "100"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [f"stdin[{n}]" for n in range(3)]


def test_a_broken_frame_among_json_lines_is_one_of_them(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (16, 12)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no photo")
    assert main(["run", str(models / "photo_int8.tflite"), str(tmp_path), "--json-lines"]) == 2
    assert [sorted(one) for one in lines(capsys)] == [
        ["classes", "dropped", "frame", "input", "time"],
        ["dropped", "error", "frame", "input", "time"],
    ]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "give inputs, or a --camera"),
        (["x.png", "--camera", "0"], "not both"),
        (["x.png", "--frame", "5"], "of no use without the input -"),
        (["-", "--frame", "5x"], "not the shape of a frame"),
        (["x.png", "--camera-size", "640x480"], "of no use without --camera"),
        (["--camera", "0", "--camera-size", "640"], "not a width and a height"),
        (["--camera", "0", "--json"], "a camera never ends"),
        (["x.png", "--count", "0"], "--count 0"),
        (["x.npy", "--rate", "0"], "rate is 0"),
        (["x.npy", "--drop"], "give a rate"),
        (["--camera", "/dev/no-such-camera", "--count", "1"], "camera /dev/no-such-camera: "),
        (["none.mp4"], "none.mp4: there is no such file"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    models: Path, arguments: list[str], part: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(models / "table.tflite"), *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert part in err.splitlines()[-1]
