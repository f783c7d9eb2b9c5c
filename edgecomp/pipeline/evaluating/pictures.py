"""Samples as a report shows them: small pictures, or a few numbers."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract, InputContract

from ...data import PreparedSet, Sample
from .setting import Setting

MOST_SIDE = 128
"""Pixels; what is larger is scaled down."""

LOSSLESS_SIDE = 64
"""Pixels up to which a picture is stored as it is: that small, a JPEG's blocks can be seen."""

QUALITY = 85
FIRST_NUMBERS = 8
LEAST_SIDE = 4
"""Pixels below which an array is no picture."""


@dataclass(frozen=True)
class Picture:
    """A picture to be put into a page.

    Args:
        uri: a data URI, PNG or JPEG.
        width: in pixels.
        height: in pixels.
    """

    uri: str
    width: int
    height: int


def shown(sample: Sample, setting: Setting) -> dict[str, Any]:
    """A sample's picture, or what its numbers are like, as report.json has it; neither where samples are hidden.

    Args:
        sample: arranged, not normalized.
        setting: whose samples it is one of, for the range of its values.
    """
    if setting.hide_samples:
        return {"image": None, "width": None, "height": None, "summary": []}
    samples = setting.samples
    found = picture_of(sample, samples)
    summary = [] if found is not None else _summary(sample.inputs, samples.contract)
    return {
        "image": found.uri if found else None,
        "width": found.width if found else None,
        "height": found.height if found else None,
        "summary": summary,
    }


def picture_of(sample: Sample, samples: PreparedSet) -> Picture | None:
    """The first input that is a picture, of at most `MOST_SIDE` pixels a side; None where none is."""
    one = next((one for one in samples.contract.inputs if _is_picture(one)), None)
    if one is None:
        return None
    pixels = _pixels(sample.inputs[one.name], one, samples)
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BOX)
    lossless = max(image.size) <= LOSSLESS_SIDE
    file = io.BytesIO()
    if lossless:
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=QUALITY)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/{'png' if lossless else 'jpeg'};base64,{data}", *image.size)


def _is_picture(one: InputContract) -> bool:
    shape = one.shape[1:]
    if one.image is None and not (len(shape) == 3 and shape[2] in (1, 3)):
        return False
    return min(shape[:2]) >= LEAST_SIDE


def _pixels(values: np.ndarray, one: InputContract, samples: PreparedSet) -> np.ndarray:
    """uint8, RGB or grey, whatever the scale and the order of channels that the model takes."""
    if values.dtype != np.uint8:
        found = samples.survey().inputs[one.name]
        scaled = (values.astype(np.float64) - found.low) / ((found.high - found.low) or 1.0)
        values = np.rint(255 * scaled.clip(0, 1)).astype(np.uint8)
    if values.ndim == 3 and values.shape[2] == 1:
        return np.ascontiguousarray(values[..., 0])
    reordered = one.image is not None and one.image.color == "bgr"
    return np.ascontiguousarray(values[..., ::-1] if reordered and values.ndim == 3 else values)


def _summary(inputs: Mapping[str, np.ndarray], contract: Contract) -> list[dict[str, Any]]:
    return [
        {
            "input": one.name,
            "shape": list(one.shape[1:]),
            "low": float(values.min()),
            "high": float(values.max()),
            "mean": float(values.mean()),
            "first": [float(number) for number in values.reshape(-1)[:FIRST_NUMBERS]],
        }
        for one in contract.inputs
        for values in [inputs[one.name].astype(np.float64)]
    ]
