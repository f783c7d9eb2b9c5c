"""`edgecomp-runtime run`: a model's answers on photos, numbers, a video, a camera or what comes through a pipe."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import InputError
from .child import now
from .common import add_engine_options, add_verb, load_model, print_json, progress_line

_STDIN = "-"


def add_to(commands: Any) -> None:
    """Adds the verb to the command line."""
    run = add_verb(commands, "run", command, "run a model on photos, numbers, a video, a camera or a pipe")
    run.add_argument("model", metavar="MODEL", help="a bundle (.zip or folder) or a .tflite")
    run.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="photo, folder of photos, video, .npy, .npz (x), .csv of numbers, or - for frames on stdin",
    )
    run.add_argument("--camera", metavar="DEVICE", help="number or path of a camera, whose frames are the input")
    run.add_argument("--camera-size", metavar="WxH", help="size to ask the camera for, such as 640x480")
    run.add_argument("--frame", metavar="SHAPE", help="frames on stdin are raw: 480x640x3 bytes, or 128x3:float32")
    run.add_argument("--rate", type=float, help="answer at most so many frames a second, at even intervals")
    run.add_argument("--drop", action="store_true", help="answer the newest frame and drop older ones (cameras do)")
    run.add_argument("--count", type=int, help="end after so many answers")
    run.add_argument("--json-lines", action="store_true", help="print one JSON object a frame, as soon as it is there")
    run.add_argument("--top", type=int, default=5, help="how many classes to name (5)")
    run.add_argument("--preprocess", help="for a .tflite: 0..1, -1..1, imagenet-torch, mean=…,std=… (see the README)")
    run.add_argument("--labels", help="for a .tflite: file of class names, one a line")
    add_engine_options(run)


def command(options: argparse.Namespace) -> int:
    """Runs the model on each frame; one that cannot be read does not stop the others."""
    from ..answers import as_data, as_text

    _check(options)
    sources = _sources(options)
    model = load_model(options, preprocess=options.preprocess, labels=options.labels)
    progress, failures = progress_line("sample"), 0
    results: list[Any] = []
    failed: list[Any] = []
    for count, found in enumerate(islice(_answers(options, model, sources), options.count), start=1):
        if found.error:
            failures += 1
            print(f"edgecomp-runtime: {as_text(found, model)}", file=sys.stderr)
        if options.json_lines:
            print_json(as_data(found, model, with_time=True), in_one_line=True)
        elif options.json:
            (failed if found.error else results).append(as_data(found, model))
            progress(str(count))
        elif not found.error:
            print(as_text(found, model), flush=True)
    progress("")
    if options.json and not options.json_lines:
        print_json({"results": results, "failed": failed})
    return InputError.exit_code if failures else 0


def _check(options: argparse.Namespace) -> None:
    if options.top < 1:
        raise InputError(f"--top {options.top} is not 1 or more")
    if options.count is not None and options.count < 1:
        raise InputError(f"--count {options.count} is not 1 or more")
    if bool(options.inputs) == (options.camera is not None):
        raise InputError("give inputs, or a --camera, and not both")
    if options.camera_size and options.camera is None:
        raise InputError("--camera-size is of no use without --camera; leave it out")
    if options.frame and _STDIN not in options.inputs:
        raise InputError(f"--frame is of no use without the input {_STDIN}; leave it out")
    if options.json and options.camera is not None and options.count is None and not options.json_lines:
        raise InputError("a camera never ends: give --json-lines, or --count with --json")


def _sources(options: argparse.Namespace) -> list[Any]:
    from ..stream import Camera, Pipe
    from ..stream.pipe import parse_frame_shape

    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # its warnings say less than our errors
    if options.camera is not None:
        device = int(options.camera) if options.camera.isdigit() else options.camera
        return [Camera(device, _size(options.camera_size))]
    shape, dtype = parse_frame_shape(options.frame) if options.frame else (None, "uint8")
    return [Pipe(sys.stdin.buffer, shape, dtype) if one == _STDIN else one for one in options.inputs]


def _size(text: Any) -> Any:
    from ..stream.pipe import parse_frame_shape

    if text is None:
        return None
    size = parse_frame_shape(text)[0]
    if len(size) != 2:
        raise InputError(f"--camera-size {text} is not a width and a height, such as 640x480")
    return size


def _answers(options: argparse.Namespace, model: Any, sources: list[Any]) -> Iterator[Any]:
    from ..stream.loop import stream

    def begin(name: str) -> None:
        now(model.engine.name, f"while it ran {options.model} on {name}")

    for source in sources:
        yield from stream(model, source, rate=options.rate, drop=options.drop or None, top=options.top, begin=begin)
