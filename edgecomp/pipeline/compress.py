"""Calibration and quantization of the float file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ..errors import EdgecompError, InputError
from ..quantize.equalize.equalize import EqualizationPlan
from ..quantize.schemes import NEEDS_CALIBRATION
from ..quantize.settings import Settings
from ..tflite import align_buffers
from ..worker import Worker
from .attempts import Attempts, Judge, Trial
from .float_file import FloatModel
from .holdout import Holdout, hold_out
from .plan import Plan
from .search import Search, search
from .workbench import Workbench


class UnrunnableError(EdgecompError):
    """A file was made that the interpreter cannot run."""


@dataclass(frozen=True)
class Quantized:
    """A file in other numbers, and how it came about.

    Args:
        file: the .tflite.
        source: the float file it was made from: the model's, with scales moved between layers where that was chosen.
        settings: how its integers were made; None for schemes that need no calibration.
        reason: why these; a phrase.
        search: what else was tried; None where nothing was.
        held: calibration samples that settings were chosen by.
        equalization: the scales that were moved between layers, or None.
        biases_corrected: number of layers.
        broken: names of calibration samples that were left out.
    """

    file: bytes
    source: bytes
    settings: Settings | None = None
    reason: str = ""
    search: Search | None = None
    held: int = 0
    equalization: EqualizationPlan | None = None
    biases_corrected: int = 0
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compressed:
    """The file for the device.

    Args:
        quantized: the file.
        stock: what the stock converter made of the same graph and samples, or None.
        plain_steps: largest difference between XNNPACK and the plain kernels in quantization steps; None when the plain
            kernels cannot run the file.
    """

    quantized: Quantized
    stock: bytes | None
    plain_steps: int | None

    @property
    def file(self) -> bytes:
        """The .tflite."""
        return self.quantized.file


PLAIN_SAMPLES = 2

CHEAP_ROUNDING = 0.25e9
"""Multiply-adds of learned rounding that are little enough to try it at normal effort: about 3 s on two cores."""

LOW = Settings()
"""What is made where nothing is tried."""


def compress(model: FloatModel, plan: Plan, bench: Workbench, *, stock_of: FloatModel | None) -> Compressed:
    """Makes the file of the plan's scheme, and proves that it runs with and without the delegate.

    Args:
        model: what integers are made of.
        plan: scheme, effort and target.
        bench: where the work is done.
        stock_of: the model that the stock converter quantizes for comparison; None leaves it out.
    """
    quantize = plan.recipe.quantize
    if quantize.scheme in NEEDS_CALIBRATION:
        made = _calibrated(model, plan, bench)
    else:
        with bench.steps.step("quantize", f"quantizing to {quantize.scheme}") as step:
            file = bench.worker.call(
                "edgecomp.quantize.litert.apply:quantize", model.file, scheme=quantize.scheme, io=quantize.io
            )
            made = Quantized(align_buffers(file), model.file)
            step.detail = f"{quantize.scheme}, {quantize.io} in and out"
    return Compressed(made, _stock(stock_of, bench) if stock_of else None, _plain_steps(made.file, model, bench))


def _calibrated(model: FloatModel, plan: Plan, bench: Workbench) -> Quantized:
    """The file whose activations are integers too, by the recipe's settings or by the best that can be found."""
    quantize = plan.recipe.quantize
    samples = hold_out(model.calibration)
    settings, reason, found = quantize.settings, "the recipe says so", None
    if settings is None and quantize.effort == "low":
        settings, reason = LOW, "nothing was tried"
    if settings is None and quantize.scheme == "int16x8":
        settings, reason = LOW, "steps of 16 bits are fine enough for any range"
    with bench.steps.step("calibrate", "observing ranges") as step:
        attempts = Attempts(model.file, samples, plan, bench, step)
        step.detail = f"{len(samples)} samples" + (f", {len(samples.broken)} left out" if samples.broken else "")
    if settings is None:
        found = _search(model, plan, samples, attempts, bench)
        settings, reason = found.best.settings, _why(found, len(samples.held))
    with bench.steps.step("quantize", f"quantizing to {quantize.scheme}") as step:
        made = attempts.make(settings, final=True)
        step.detail = str(settings)
    moved = attempts.equalization if settings.equalize else None
    return Quantized(
        file=made.file,
        source=attempts.source(settings),
        settings=settings,
        reason=reason,
        search=found,
        held=len(samples.held) if found else 0,
        equalization=moved,
        biases_corrected=len(made.corrected),
        broken=samples.broken,
    )


def _why(found: Search, held: int) -> str:
    closest = f"closest to the float model on {held} held-out calibration samples"
    return f"{closest}; {found.precision.reason}" if found.precision else closest


def _search(model: FloatModel, plan: Plan, samples: Holdout, attempts: Attempts, bench: Workbench) -> Search:
    with bench.steps.step("search", "trying settings") as step:
        judge = Judge(model.file, model.contract, samples.held, bench)

        def attempt(settings: Settings, note: str) -> Trial:
            step.now(f"trying {settings}")
            return judge.trial(attempts, settings, note)

        found = search(
            attempt,
            equalizable=bool(attempts.equalization),
            learn_rounding=plan.recipe.quantize.effort == "high" or attempts.rounding_cost <= CHEAP_ROUNDING,
            fixed_outputs=attempts.fixed_outputs,
            float_operators=lambda settings: attempts.float_operators(settings, judge.held, judge.classes),
        )
        step.detail = f"{len(found.trials)} tried on {len(judge)} held-out samples, best: {found.best.settings}"
    return found


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
