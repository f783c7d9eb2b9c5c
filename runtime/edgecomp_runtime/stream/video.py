"""Frames of a video file, by OpenCV or an ffmpeg process, whichever is there."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from ..contract import Contract
from ..errors import InputError
from ..inputs import Item
from ..machine import pip_install
from .ffmpeg import ffmpeg_frames

BACKENDS = ("opencv", "ffmpeg")

_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mjpeg", ".mjpg", ".mpg", ".mpeg", ".ts", ".h264"}
)


@dataclass(frozen=True)
class Video:
    """A video file; every frame of it, upright, in RGB.

    The two decoders may differ in the last bit of a colour.

    Args:
        path: the file.
        backend: one of `BACKENDS`; None takes the first that is there.
    """

    path: Union[str, os.PathLike[str]]
    backend: Optional[str] = None
    live = False
    at_once = True

    def items(self, contract: Contract) -> Generator[Item, None, None]:
        """The frames.

        Raises:
            InputError: the file is missing or no video, or there is nothing to read it with; says what to install.
        """
        name = os.fspath(self.path)
        if not Path(name).is_file():
            raise InputError(f"{name}: there is no such file; check the path")
        if find_backend(self.backend, name) == "opencv":
            return opencv_frames(name, name)
        return ffmpeg_frames(["-i", f"file:{name}"], name)


def is_video(path: str) -> bool:
    """Whether a file's name ends as a video's does."""
    return Path(path).suffix.lower() in _SUFFIXES


def find_backend(backend: Optional[str], name: str) -> str:
    """The decoder to use.

    Args:
        backend: the one asked for, or None.
        name: of what is to be read, for messages.

    Raises:
        InputError: it is not one, or neither is there; says what to install.
    """
    if backend is not None:
        if backend not in BACKENDS:
            raise InputError(f"backend {backend!r} is not one of {', '.join(BACKENDS)}")
        return backend
    if opencv() is not None:
        return "opencv"
    if shutil.which("ffmpeg"):
        return "ffmpeg"
    raise InputError(
        f"{name}: reading it needs OpenCV or ffmpeg; run one of: {pip_install('opencv-python-headless')}; "
        "sudo apt install ffmpeg"
    )


def opencv() -> Any:
    """OpenCV's module, or None where it cannot be imported."""
    try:
        return importlib.import_module("cv2")
    except ImportError:
        return None


def opencv_frames(
    source: Union[str, int], name: str, *, size: Optional[tuple[int, int]] = None
) -> Generator[Item, None, None]:
    """Frames by OpenCV; what was opened is released when the generator is closed.

    Args:
        source: a file or device, or a camera's number.
        name: for messages.
        size: width and height to ask a camera for.

    Raises:
        InputError: OpenCV is not installed, or cannot open it.
    """
    module = opencv()
    if module is None:
        raise InputError(f"{name}: reading it needs OpenCV; run: {pip_install('opencv-python-headless')}")
    capture = module.VideoCapture(source)
    try:
        if not capture.isOpened():
            raise InputError(f"{name}: OpenCV cannot open it; is it there, whole, and not in use by another program?")
        if size is not None:
            capture.set(module.CAP_PROP_FRAME_WIDTH, size[0])
            capture.set(module.CAP_PROP_FRAME_HEIGHT, size[1])
        number = 0
        while True:
            there, frame = capture.read()
            if not there:
                break
            yield Item(f"{name}[{number}]", partial(_rgb, frame))
            number += 1
    finally:
        capture.release()
    if not number:
        raise InputError(f"{name}: OpenCV finds no frame in it")


def _rgb(frame: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(frame[:, :, ::-1]) if frame.ndim == 3 else frame
