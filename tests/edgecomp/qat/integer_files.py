"""INT8 files of networks that were trained, and what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecomp.qat.coded import Stored
from edgecomp.qat.network import FakeQuantNetwork, stored_weights
from edgecomp.quantize.litert.apply import quantize
from edgecomp.tflite import read_tflite


def file_of(prepared: Any, network: FakeQuantNetwork) -> bytes:
    """The INT8 file of a network whose weights are to have fewer values, or bits."""
    return quantize(
        network.trained_file(), ranges=network.ranges(), weight_reach=network.weight_reach(), **prepared.options
    )


def integers_of(file: bytes) -> dict[str, np.ndarray]:
    """The int8 constants of a file by name."""
    tensors = read_tflite(file).main.tensors
    return {one.name: one.values() for one in tensors if one.is_constant and one.dtype == "int8"}


def coarse(prepared: Any) -> dict[str, Stored]:
    """The weights that post-training quantization chose, in steps 24 times as large."""
    return {
        name: Stored(np.rint(one.values / 24).astype(np.int8), one.scale * np.float32(24))
        for name, one in stored_weights(prepared.int8_file).items()
    }
