"""Observing the ranges of activations on calibration samples. Runs in a worker process."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

Ranges = dict[str, tuple[float, float]]
"""Smallest and largest value seen, by tensor name."""

CHUNK = 16
"""Samples handed over at a time: the library wants lists, and memory must not grow with their number."""


def observe_ranges(model: bytes, signature: str, *, threads: int, stream: Iterable[dict[str, np.ndarray]]) -> Ranges:
    """Runs a float .tflite on samples and keeps the absolute minimum and maximum of each tensor.

    The library's own default is a moving average, which forgets the extremes and depends on the order of the samples;
    the absolute range does neither.

    Args:
        model: a float .tflite.
        signature: key of the signature whose input names the samples use.
        threads: threads of the interpreter.
        stream: samples: float32 arrays of the input tensors' shapes, by input name.
    """
    from litert_quantizer.calibrator import CalibrationMode, Calibrator
    from litert_quantizer.recipe import static_wi8_ai8
    from litert_quantizer.recipe_manager import RecipeManager
    from litert_quantizer.utils.qsv_utils import min_max_update

    recipe = RecipeManager()
    recipe.load_quantization_recipe(static_wi8_ai8())
    calibrator = Calibrator(
        model, num_threads=threads, mode=CalibrationMode.CALIBRATION_PROFILER_BASED, qsv_update_func=min_max_update
    )
    samples = iter(stream)
    while chunk := list(islice(samples, CHUNK)):
        calibrator.calibrate({signature: chunk}, recipe)
    return {name: _bounds(seen) for name, seen in calibrator.get_model_qsvs().items()}


def _bounds(seen: dict[str, Any]) -> tuple[float, float]:
    return float(np.min(seen["min"])), float(np.max(seen["max"]))
