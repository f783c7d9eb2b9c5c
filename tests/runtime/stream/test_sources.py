"""Cameras, videos and pipes: with OpenCV and ffmpeg where they are installed, and stand-ins for what cannot be here."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.stream import Camera, Pipe, Video
from edgecomp_runtime.stream.pipe import parse_frame_shape
from edgecomp_runtime.stream.sources import Source

NOTHING = Contract((), ())
COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def read(source: Source) -> list[Any]:
    return [item.read() for item in source.items(NOTHING)]


def need(backend: str) -> None:
    if backend == "opencv":
        pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    elif shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: apt install ffmpeg")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of 48 x 32, each of one colour."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed: pip install opencv-python-headless")
    path = tmp_path_factory.mktemp("video") / "colors.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (48, 32))
    for color in COLORS:
        writer.write(np.full((32, 48, 3), color[::-1], np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("backend", ["opencv", "ffmpeg"])
def test_a_video_gives_every_frame_in_rgb(backend: str, video: Path) -> None:
    need(backend)
    frames = read(Video(video, backend))
    assert [frame.shape for frame in frames] == [(32, 48, 3)] * 4
    for frame, color in zip(frames, COLORS, strict=True):
        np.testing.assert_allclose(frame.mean((0, 1)), color, atol=8)


def test_a_path_that_ends_as_videos_do_is_a_video(video: Path, models: Path) -> None:
    answers = list(Model.load(models / "photo_int8.tflite").stream(video))
    assert [one.name for one in answers] == [f"{video}[{number}]" for number in range(4)]
    assert not any(one.error for one in answers)


@pytest.mark.parametrize("backend", ["opencv", "ffmpeg"])
def test_what_is_no_video_is_refused(backend: str, tmp_path: Path) -> None:
    need(backend)
    (tmp_path / "x.mp4").write_bytes(b"no video" * 100)
    with pytest.raises(InputError, match=r"x\.mp4: "):
        read(Video(tmp_path / "x.mp4", backend))
    with pytest.raises(InputError, match="there is no such file"):
        read(Video(tmp_path / "none.mp4", backend))


def test_ffmpeg_is_ended_with_the_stream(video: Path) -> None:
    need("ffmpeg")
    items = Video(video, "ffmpeg").items(NOTHING)
    next(items)
    items.close()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert not [one for one in children if "ffmpeg" in Path(f"/proc/{one}/comm").read_text()]


def test_a_camera_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for backend in ("opencv", "ffmpeg"):
        need(backend)
        with pytest.raises(InputError, match="camera 97: "):
            read(Camera(97, backend=backend))


def test_a_camera_gives_frames_and_an_error_when_it_stops(video: Path) -> None:
    items = Camera(str(video), backend="opencv").items(NOTHING)
    frames = [next(items).read() for _ in range(4)]
    np.testing.assert_allclose(frames[0].mean((0, 1)), COLORS[0], atol=8)
    with pytest.raises(InputError, match="gives no more frames"):
        next(items)


def test_ffmpeg_reads_a_camera_through_v4l2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "ffmpeg"
    program = (
        "import sys; open(sys.argv[0] + '.arguments', 'w').write(' '.join(sys.argv[1:]))\n"
        "sys.stdout.buffer.write(2 * (b'P6 2 1 255\\n' + bytes(range(6))))"
    )
    stand_in.write_text(f"#!{sys.executable}\n{program}\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    items = Camera(2, (320, 240), "ffmpeg").items(NOTHING)
    assert next(items).read().tolist() == [[[0, 1, 2], [3, 4, 5]]]
    items.close()
    arguments = (tmp_path / "ffmpeg.arguments").read_text()
    assert "-f v4l2 -video_size 320x240 -i /dev/video2 " in arguments


class _Picamera2:
    """As much of picamera2 as is used; the real one needs a Raspberry Pi's camera."""

    closed = 0

    def __init__(self, number: int) -> None:
        if number > 0:
            raise IndexError("list index out of range")

    @staticmethod
    def global_camera_info() -> list[dict[str, int]]:
        return [{"Num": 0}]

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        return main

    def configure(self, main: dict[str, Any]) -> None:
        self._size, self._format = main["size"], main["format"]

    def start(self) -> None:
        pass

    def capture_array(self, name: str) -> np.ndarray:
        assert (name, self._format) == ("main", "BGR888"), "libcamera's name of R, G, B in memory"
        return np.zeros((self._size[1], self._size[0], 3), np.uint8)

    def close(self) -> None:
        type(self).closed += 1


def test_a_raspberry_pi_camera_is_preferred_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("picamera2")
    module.Picamera2 = _Picamera2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "picamera2", module)
    items = Camera(0, (320, 240)).items(NOTHING)
    assert next(items).read().shape == (240, 320, 3)
    items.close()
    assert _Picamera2.closed == 1
    with pytest.raises(InputError, match="picamera2 cannot open it"):
        read(Camera(1, backend="picamera2"))


def test_without_any_reader_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path
) -> None:
    (tmp_path / "x.mp4").write_bytes(b"x")
    for name in ("cv2", "picamera2"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for source in (Video(tmp_path / "x.mp4"), Camera(0)):
        with pytest.raises(InputError, match=r"pip install opencv-python-headless.*apt install ffmpeg"):
            read(source)
    with pytest.raises(InputError, match="not one of"):
        read(Camera(0, backend="webcam"))
    with pytest.raises(InputError, match="python3-picamera2"):
        read(Camera(0, backend="picamera2"))


@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
def test_raw_frames_come_as_they_were_written(dtype: str) -> None:
    frames = np.arange(60).reshape(3, 4, 5).astype(dtype)
    found = read(Pipe(io.BytesIO(frames.tobytes()), (4, 5), dtype))
    assert np.array_equal(found, frames)
    assert found[0].dtype == frames.dtype


def test_a_pipe_that_ends_in_the_middle_of_a_frame_is_an_error() -> None:
    items = Pipe(io.BytesIO(bytes(70)), (4, 5, 3)).items(NOTHING)
    next(items)
    with pytest.raises(InputError, match=r"middle of frame 1 \(10 of 60 bytes\)"):
        next(items)
    with pytest.raises(InputError, match="no frames"):
        read(Pipe(io.BytesIO(b""), (4, 5)))


@pytest.mark.parametrize("text", ["", "x", "480x", "0x3", "-4x3", "4x3:complex64", "4x3:object", "4.5x3"])
def test_a_frames_shape_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not the shape of a frame"):
        parse_frame_shape(text)


def test_a_frames_shape_is_read() -> None:
    assert parse_frame_shape("480x640x3") == ((480, 640, 3), "uint8")
    assert parse_frame_shape("128:float32") == ((128,), "float32")


def test_a_writer_that_is_faster_than_the_model_waits_and_loses_nothing(models: Path) -> None:
    model = Model.load(models / "table.tflite")
    writer = "import sys; [sys.stdout.buffer.write(bytes([n % 256]) * 5) for n in range(20000)]"
    with subprocess.Popen([sys.executable, "-c", writer], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        answers = sum(1 for _ in model.stream(Pipe(process.stdout, (5,))))
    assert answers == 20000
