"""Accuracy of the deployed int8 file beside the stock converter's and litert-quantizer's, from the same samples.

The networks are those of the hard cases in the tests, and the same ones as training left them. All files run in the
interpreter, on digits that neither training nor calibration has seen.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from rich.progress import track

HARD_NETWORKS = Path(__file__).resolve().parents[1] / "tests" / "edgecomp" / "quantize" / "hard_networks.py"


@dataclass(frozen=True)
class Scores:
    """Percent of right answers, or of the area under the ROC curve, of the files of one network."""

    float32: float
    stock: float
    litert: float
    edgecomp: float


def measure(folder: Path) -> list[str]:
    """Trains each network, makes its files, and scores them.

    Returns:
        lines for people to read: a table.
    """
    networks = _hard_networks()
    cases = {**networks.TRAINED, **networks.CASES}
    bar = track(cases, description="accuracy of int8 files", transient=True)
    return _table({name: _scores(cases[name](), folder / name) for name in bar})


def _scores(case: Any, folder: Path) -> Scores:
    import edgecomp
    from edgecomp.export.graph import freeze
    from edgecomp.models import from_keras
    from edgecomp.worker import Worker

    converted = edgecomp.convert(
        case.model, data=case.calibration, out=folder, target="linux-x86-64", preprocess="none", effort="normal"
    )
    float_file = converted.float_model.read_bytes()
    opened = from_keras(case.model)
    samples = [{opened.inputs[0].name: sample[None]} for sample in case.calibration]
    with Worker(log=folder / "rivals.txt") as worker:  # both print a lot
        stock = worker.call("edgecomp.export.tflite:convert_graph_stock", freeze(opened), stream=samples)
        litert = worker.call("benchmarks.accuracy:litert_default", float_file, samples)
    files = (float_file, stock, litert, converted.model.read_bytes())
    return Scores(*(100 * case.score(file) for file in files))


def litert_default(model: bytes, samples: list[dict[str, np.ndarray]]) -> bytes:
    """What litert-quantizer makes by itself: its own calibrator, and its recipe of int8 weights and activations.

    Args:
        model: a float .tflite with one signature.
        samples: float32 arrays by the names of its inputs.
    """
    from litert_quantizer import Quantizer
    from litert_quantizer.recipe import static_wi8_ai8

    from edgecomp.tflite import align_buffers

    quantizer = Quantizer(model)
    quantizer.load_quantization_recipe(static_wi8_ai8())
    ranges = quantizer.calibrate({"serving_default": samples})
    return align_buffers(bytes(quantizer.quantize(ranges).quantized_model))


def _table(scores: dict[str, Scores]) -> list[str]:
    width = max(map(len, scores))
    lines = [
        "accuracy or AUC in percent on held-out digits; int8 files from the same 100 samples:",
        f"  {'':{width}}{'float':>9}{'stock':>9}{'litert':>9}{'edgecomp':>9}{'lost':>9}",
    ]
    for name, one in scores.items():
        figures = (one.float32, one.stock, one.litert, one.edgecomp, one.float32 - one.edgecomp)
        lines.append(f"  {name.replace('_', ' '):{width}}" + "".join(f"{figure:9.2f}" for figure in figures))
    return lines


def _hard_networks() -> ModuleType:
    spec = importlib.util.spec_from_file_location(HARD_NETWORKS.stem, HARD_NETWORKS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[HARD_NETWORKS.stem] = module  # dataclasses look their module up here
    spec.loader.exec_module(module)
    return module
