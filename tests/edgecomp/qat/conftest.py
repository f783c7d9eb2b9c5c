"""Networks as training gets them: a float file, what post-training quantization makes of it, and the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgecomp.qat.plan import plan_qat
from edgecomp.qat.steps import QatPlan
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.litert.rewrite import rewrite
from edgecomp.quantize.ranges.choice import Ranges, choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite

Feeds = dict[str, np.ndarray]


@dataclass(frozen=True)
class Prepared:
    """A network with samples [1, ...] by input name; `options` are those of `quantize`."""

    float_file: bytes
    int8_file: bytes
    plan: QatPlan
    samples: list[Feeds]
    options: dict[str, Any]

    def quantize(self, file: bytes, ranges: Ranges) -> bytes:
        """The INT8 file of a trained float file."""
        return quantize(file, scheme="int8", ranges=ranges, **self.options)


@pytest.fixture(scope="session")
def prepare(export: Any) -> Callable[..., Prepared]:
    """Exports, calibrates and quantizes a Keras model on noise, or on samples [n, ...] of its only input."""

    def prepared(model: Any, samples: np.ndarray | None = None, **options: Any) -> Prepared:
        opened, file = export(model)
        file = rewrite(file)
        rng = np.random.default_rng(5)
        if samples is None:
            feeds = [
                {spec.name: rng.normal(0.2, 1, spec.shape).astype(np.float32) for spec in opened.inputs}
                for _ in range(200)
            ]
        else:
            feeds = [{opened.inputs[0].name: one[None]} for one in samples]
        options = {"io": "int8"} | options
        seen = choose_ranges(observe(file, threads=1, stream=feeds), "mse", model=read_tflite(file))
        int8_file = quantize(file, scheme="int8", ranges=seen, **options)
        return Prepared(file, int8_file, plan_qat(file, int8_file), feeds, options)

    return prepared
