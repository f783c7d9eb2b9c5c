"""Networks to measure with, as .tflite files."""

from __future__ import annotations

from functools import cache

import numpy as np

SHAPE = (96, 96, 3)
SAMPLES = 20


@cache
def float_tflite() -> bytes:
    """MobileNetV2-0.35-96 with random weights, exported by edgecomp."""
    import keras

    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.tflite import with_signature

    keras.utils.set_random_seed(0)
    model = from_keras(keras.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=SHAPE))
    return with_signature(convert_graph(freeze(model)), ["image"], ["scores"])


def quantized(file: bytes) -> bytes:
    """The same in int8, calibrated on noise."""
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.tflite import read_tflite

    rng = np.random.default_rng(0)
    noise = [{"image": rng.uniform(-1, 1, (1, *SHAPE)).astype(np.float32)} for _ in range(SAMPLES)]
    ranges = choose_ranges(observe(file, threads=1, stream=noise), "minmax", model=read_tflite(file))
    return quantize(file, scheme="int8", io="int8", ranges=ranges)
