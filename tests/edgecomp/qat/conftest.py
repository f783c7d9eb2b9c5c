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
    seen: Ranges
    samples: list[Feeds]
    options: dict[str, Any]

    def quantize(self, file: bytes, ranges: Ranges) -> bytes:
        """The INT8 file of a trained float file."""
        return quantize(file, ranges=ranges, **self.options)

    def with_options(self, **options: Any) -> Prepared:
        """The same float file quantized in another way."""
        return _prepared(self.float_file, self.seen, self.samples, self.options | options)


@pytest.fixture(scope="session")
def prepare(export: Any) -> Callable[..., Prepared]:
    """Exports, calibrates and quantizes a Keras model on noise, or on samples [n, ...] of its only input."""

    def prepared(model: Any, samples: np.ndarray | None = None, count: int = 200) -> Prepared:
        opened, file = export(model)
        file = rewrite(file)
        rng = np.random.default_rng(5)
        if samples is None:
            feeds = [
                {spec.name: rng.normal(0.2, 1, spec.shape).astype(np.float32) for spec in opened.inputs}
                for _ in range(count)
            ]
        else:
            feeds = [{opened.inputs[0].name: one[None]} for one in samples]
        seen = choose_ranges(observe(file, threads=1, stream=feeds), "mse", model=read_tflite(file))
        return _prepared(file, seen, feeds, {"scheme": "int8", "io": "int8"})

    return prepared


def _prepared(file: bytes, seen: Ranges, samples: list[Feeds], options: dict[str, Any]) -> Prepared:
    int8_file = quantize(file, ranges=seen, **options)
    return Prepared(file, int8_file, plan_qat(file, int8_file), seen, samples, options)
