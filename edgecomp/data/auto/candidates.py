"""Which preprocessings come into question for a set of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from edgecomp_runtime.preprocess import NAMES, Preprocess, parse_preprocess

from ...models.opened import TensorSpec
from ..dataset import Sample
from ..shapes import takes_photos

AUTO = "auto"

_BRIGHT = 64.0
"""Pictures on the scale 0 to 255 have a pixel this bright somewhere; normalized ones end at 3."""


def split_auto(text: str) -> str | None:
    """The options that follow `auto` (`,fit=crop`, or nothing), or None where another preprocessing is named."""
    name, comma, options = text.strip().partition(",")
    return comma + options if name.strip().lower() == AUTO else None


def candidates(spec: TensorSpec, options: str) -> tuple[Preprocess, ...]:
    """The named preprocessings that fit an input; those made for colour photos only where it has three channels.

    Args:
        spec: the input.
        options: what follows the name, such as `,fit=crop`.
    """
    color = len(spec.shape) == 4 and spec.shape[3] == 3
    names = [name for name in NAMES if color or not name.startswith("imagenet")]
    return tuple(parse_preprocess(name + options) for name in names)


def pixel_input(inputs: Sequence[TensorSpec], samples: Sequence[Sample]) -> int | None:
    """Position of the first input whose samples are on the scale 0 to 255, or None.

    uint8 values are taken for pixels; others too, where the input takes photos and they lie between 0 and 255.

    Args:
        inputs: the model's inputs.
        samples: a few samples.
    """
    return next((position for position, one in enumerate(inputs) if _are_pixels(one, samples)), None)


def _are_pixels(spec: TensorSpec, samples: Sequence[Sample]) -> bool:
    values = [sample.inputs[spec.name] for sample in samples]
    if spec.dtype != "float32" or not values:
        return False
    if all(value.dtype == np.uint8 for value in values):
        return True
    low, high = min(float(value.min()) for value in values), max(float(value.max()) for value in values)
    return takes_photos(spec) and len(spec.shape) == 4 and low >= 0 and _BRIGHT <= high <= 255
