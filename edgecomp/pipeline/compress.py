"""Calibration and quantization of the float file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ..errors import EdgecompError, InputError
from ..quantize.schemes import NEEDS_CALIBRATION
from ..tflite import align_buffers
from ..worker import Worker
from .float_file import FloatModel
from .plan import Plan
from .workbench import SIGNATURE, Workbench


class UnrunnableError(EdgecompError):
    """A file was made that the interpreter cannot run."""


@dataclass(frozen=True)
class Compressed:
    """The file for the device.

    Args:
        file: the .tflite.
        stock: what the stock converter made of the same graph and samples, or None.
        plain_steps: largest difference between XNNPACK and the plain kernels in quantization steps; None when the plain
            kernels cannot run the file.
    """

    file: bytes
    stock: bytes | None
    plain_steps: int | None


PLAIN_SAMPLES = 2


def compress(model: FloatModel, plan: Plan, bench: Workbench, *, stock: bool) -> Compressed:
    """Makes the file of the plan's scheme, and proves that it runs with and without the delegate."""
    quantize = plan.recipe.quantize
    ranges = None
    if quantize.scheme in NEEDS_CALIBRATION:
        with bench.steps.step("calibrate", "observing ranges") as step:
            feeds = (sample.feeds for sample in step.track(model.calibration, len(model.calibration)))
            ranges = bench.worker.call(
                "edgecomp.quantize.ranges:observe_ranges", model.file, SIGNATURE, threads=bench.threads, stream=feeds
            )
            step.detail = f"{quantize.ranges} over {len(model.calibration)} samples"
    with bench.steps.step("quantize", f"quantizing to {quantize.scheme}") as step:
        made = bench.worker.call(
            "edgecomp.quantize.apply:quantize", model.file, scheme=quantize.scheme, io=quantize.io, ranges=ranges
        )
        file = align_buffers(made)
        plain_steps = _plain_steps(file, model, bench)
        step.detail = f"{quantize.scheme}, {quantize.io} in and out"
    return Compressed(file, _stock(model, bench) if stock else None, plain_steps)


def _plain_steps(file: bytes, model: FloatModel, bench: Workbench) -> int | None:
    few = [sample.feeds for sample in islice(model.calibration, PLAIN_SAMPLES)]
    try:
        steps: int | None = bench.worker.call(
            "edgecomp.evaluate.run:step_difference", file, model.contract, threads=bench.threads, stream=few
        )
    except InputError as error:
        raise UnrunnableError(f"the file was made, but {error}. Try --scheme float16 or dynamic") from error
    return steps


def _stock(model: FloatModel, bench: Workbench) -> bytes | None:
    if model.graph is None:
        return None
    with bench.steps.step("stock", "the stock converter, for comparison") as step:
        feeds = (sample.feeds for sample in step.track(model.calibration, len(model.calibration)))
        # A worker of its own, since this one needs TensorFlow as a whole.
        with Worker(log=bench.worker.log) as worker:
            file: bytes = worker.call("edgecomp.export.tflite:convert_graph_stock", model.graph, stream=feeds)
    return model.named(file)
