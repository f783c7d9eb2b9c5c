"""Calibration and quantization of the float file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from ...errors import EdgecompError, InputError
from ...quantize.schemes import NEEDS_CALIBRATION
from ...quantize.settings import Settings
from ...tflite import align_buffers
from ...worker import Worker
from ..float_file import FloatModel
from ..recipes.plan import Plan
from ..shrinking.trainer import Trainer
from ..workbench import Workbench
from .attempts import Attempts, Judge, Trial
from .holdout import Holdout, hold_out
from .qat import QuantizedTraining, train_quantized
from .quantized import Quantized
from .search import Search, search
from .weights import choose_weights, wants_weights


class UnrunnableError(EdgecompError):
    """A file was made that the interpreter cannot run."""


@dataclass(frozen=True)
class Compressed:
    """The file for the device.

    Args:
        quantized: the file.
        stock: what the stock converter made of the same graph and samples, or None.
        plain_steps: largest difference between XNNPACK and the plain kernels in quantization steps; None when the plain
            kernels cannot run the file.
        training: what training with quantization in place did; None where it was not asked for.
    """

    quantized: Quantized
    stock: bytes | None
    plain_steps: int | None
    training: QuantizedTraining | None = None

    @property
    def file(self) -> bytes:
        """The .tflite."""
        return self.quantized.file


PLAIN_SAMPLES = 2

CHEAP_ROUNDING = 0.25e9
"""Multiply-adds of learned rounding that are little enough to try it at normal effort: about 3 s on two cores."""

LOW = Settings()
"""What is made where nothing is tried."""


def compress(
    model: FloatModel,
    plan: Plan,
    bench: Workbench,
    *,
    original: FloatModel,
    trainer: Trainer | None = None,
    stock: bool = False,
) -> Compressed:
    """Makes the file of the plan's scheme, and proves that it runs with and without the delegate.

    Args:
        model: what integers are made of.
        plan: scheme, effort and target.
        bench: where the work is done.
        original: the model that was given, which training learns from and the stock converter quantizes.
        trainer: trains with quantization in place; None where that is not asked for.
        stock: whether the stock converter's file is made, for comparison.
    """
    quantize = plan.recipe.quantize
    training = None
    if quantize.scheme in NEEDS_CALIBRATION:
        made = _calibrated(model, plan, bench)
        if trainer is not None and plan.recipe.train is not None and plan.recipe.train.qat:
            training = train_quantized(made, original, plan, bench, trainer)
            made = training.quantized
    else:
        with bench.steps.step("quantize", f"quantizing to {quantize.scheme}") as step:
            file = bench.worker.call(
                "edgecomp.quantize.litert.apply:quantize", model.file, scheme=quantize.scheme, io=quantize.io
            )
            made = Quantized(align_buffers(file), model.file)
            step.detail = f"{quantize.scheme}, {quantize.io} in and out"
    if training is None and wants_weights(plan.recipe):
        made = choose_weights(made, model, plan, bench)
    rival = stock_file(original, bench) if stock else None
    return Compressed(made, rival, _plain_steps(made.file, model, bench), training)


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
    counted = f"{held} held-out calibration samples"
    closest = (
        f"closest to the float model on {counted}"
        if found.closest
        else f"as close to the float model as any other, as far as {counted} tell"
    )
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


def stock_file(model: FloatModel, bench: Workbench) -> bytes | None:
    """What the stock converter makes of the same graph and samples; None for a model that came as a .tflite."""
    if model.graph is None:
        return None
    with bench.steps.step("stock", "the stock converter, for comparison") as step:
        feeds = (sample.feeds for sample in step.track(model.calibration, len(model.calibration)))
        # A worker of its own, since this one needs TensorFlow as a whole.
        with Worker(log=bench.worker.log) as worker:
            file: bytes = worker.call("edgecomp.export.tflite:convert_graph_stock", model.graph, stream=feeds)
    return model.named(file)
