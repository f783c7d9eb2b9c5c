"""One integer file by given settings: the order in which the passes on it run. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..tflite import align_buffers
from .litert.apply import quantize
from .precision.experiment import NumberFormat
from .ranges.choice import Ranges
from .settings import Settings

Feeds = dict[str, np.ndarray]


@dataclass(frozen=True)
class Made:
    """An integer file.

    Args:
        file: the .tflite.
        corrected: names of the outputs of layers whose biases were corrected.
    """

    file: bytes
    corrected: tuple[str, ...] = ()


def make(
    model: bytes,
    settings: Settings,
    *,
    numbers: NumberFormat,
    ranges: Ranges,
    threads: int,
    samples: Sequence[Feeds],
    weight_reach: Mapping[str, np.ndarray] | None = None,
) -> Made:
    """Quantizes a float file, then mends what rounding did to it.

    Args:
        model: the float .tflite, equalized already where the settings say so.
        settings: how.
        numbers: which integers.
        ranges: of every float tensor of `model`.
        threads: of interpreters.
        samples: calibration samples for the passes that look at the file's own errors.
        weight_reach: see `quantize`.

    Raises:
        QuantizeError: the quantizer could not make the file.
    """
    file = align_buffers(
        quantize(
            model,
            scheme=numbers.scheme,
            io=numbers.io,
            ranges=ranges,
            float_operators=settings.float_operators,
            float_outputs=settings.float_outputs,
            symmetric_activations=numbers.symmetric_activations,
            per_tensor_weights=numbers.per_tensor_weights,
            weight_reach=weight_reach,
        )
    )
    if settings.rounding == "learned":
        from .mend.rounding import learn_rounding

        file = learn_rounding(model, file, threads=threads, samples=samples).file
    if not settings.bias_correction:
        return Made(file)
    from .mend.bias import correct_biases

    corrected = correct_biases(model, file, threads=threads, samples=samples)
    return Made(corrected.file, tuple(layer.name for layer in corrected.layers if layer.changed))
