"""Timing small networks on a device, for the latency model."""

from __future__ import annotations

import json
import lzma
import math
from collections.abc import Sequence
from pathlib import Path

from ..errors import MeasurementError
from ..latency import turns
from ..latency.measuring import Turns
from .device import Device
from .failures import printable
from .upload import Upload

_SOURCE = Path(turns.__file__)


def time_there(device: Device, files: Sequence[bytes], threads: int) -> Turns:
    """Times files on a device, in turn.

    Args:
        device: with the device package; see `Device.bring_package`.
        files: each a .tflite.
        threads: of the interpreter.

    Raises:
        InputError: no model can run there.
        MeasurementError: what came back are no times.
    """
    # The made-up weights of small networks repeat: packed they are a thousandth.
    packed = lzma.compress(b"".join([json.dumps({"sizes": list(map(len, files))}).encode(), b"\n", *files]), preset=0)
    path = device.send(Upload.of_bytes("networks.xz", packed))
    ended = device.script(_SOURCE.read_text("utf-8"), path, str(threads), doing="timing small networks")
    found = ended.data()
    if ended.code != 0 or found is None:
        raise device.explained(ended, "timing small networks")
    seconds = found.get("seconds")
    if not isinstance(seconds, list) or len(seconds) != len(files) or not all(map(_is_time, seconds)):
        raise MeasurementError(f"{device.host}: what it sent are no times of {len(files)} networks")
    on = f"{printable(str(found.get('machine')))} with {printable(str(found.get('engine')))}"
    return Turns(seconds, float(found.get("drift", math.inf)), on)


def _is_time(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and value > 0
