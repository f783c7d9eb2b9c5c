"""Frames of a camera: of a Raspberry Pi by picamera2, any other through V4L2 by OpenCV or an ffmpeg process."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Optional, Union

from ..contract import Contract
from ..errors import InputError
from ..inputs import Item, ready
from ..machine import pip_install
from .ffmpeg import ffmpeg_frames
from .video import opencv, opencv_frames

BACKENDS = ("picamera2", "opencv", "ffmpeg")

_PI_SIZE = (640, 480)


@dataclass(frozen=True)
class Camera:
    """A camera, which gives frames whether or not anyone takes them.

    Args:
        device: its number, or its path (`/dev/video0`).
        size: width and height to ask for; the camera may give others. None takes what it gives by itself.
        backend: one of `BACKENDS`; None takes the first that is there (picamera2 only where it finds a camera).
    """

    device: Union[int, str] = 0
    size: Optional[tuple[int, int]] = None
    backend: Optional[str] = None
    live = True
    at_once = False

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """The frames, without end.

        Raises:
            InputError: there is no such camera, or nothing to read it with (says what to install), or it breaks off.
        """
        name = f"camera {self.device}"
        backend = self._backend(name)
        if backend == "picamera2":
            yield from _picamera_frames(int(self.device), self.size or _PI_SIZE, name)
        elif backend == "opencv":
            yield from opencv_frames(self.device, name, size=self.size)
        else:
            size = [] if self.size is None else ["-video_size", "{}x{}".format(*self.size)]
            yield from ffmpeg_frames(["-f", "v4l2", *size, "-i", self._path()], name)
        raise InputError(f"{name}: gives no more frames; is it still plugged in?")

    def _path(self) -> str:
        return f"/dev/video{self.device}" if isinstance(self.device, int) else self.device

    def _backend(self, name: str) -> str:
        if self.backend is not None:
            if self.backend not in BACKENDS:
                raise InputError(f"backend {self.backend!r} is not one of {', '.join(BACKENDS)}")
            return self.backend
        if isinstance(self.device, int) and _picameras() > self.device:
            return "picamera2"
        if opencv() is not None:
            return "opencv"
        if shutil.which("ffmpeg"):
            return "ffmpeg"
        raise InputError(
            f"{name}: reading it needs OpenCV, ffmpeg or (on a Raspberry Pi) picamera2; run one of: "
            f"{pip_install('opencv-python-headless')}; sudo apt install ffmpeg; sudo apt install python3-picamera2"
        )


def _picamera2() -> Any:
    try:
        return importlib.import_module("picamera2").Picamera2
    except ImportError:
        return None


def _picameras() -> int:
    library = _picamera2()
    return 0 if library is None else len(library.global_camera_info())


def _picamera_frames(number: int, size: tuple[int, int], name: str) -> Generator[Item, None, None]:
    library = _picamera2()
    if library is None:
        raise InputError(f"{name}: picamera2 is not installed; run: sudo apt install python3-picamera2")
    try:
        camera = library(number)
    except (RuntimeError, IndexError) as error:
        raise InputError(f"{name}: picamera2 cannot open it ({error})") from None
    try:
        # libcamera names formats from the last byte to the first: BGR888 is what others call RGB.
        camera.configure(camera.create_video_configuration(main={"size": size, "format": "BGR888"}))
        camera.start()
        frame = 0
        while True:
            yield ready(f"{name}[{frame}]", camera.capture_array("main"))
            frame += 1
    finally:
        camera.close()
