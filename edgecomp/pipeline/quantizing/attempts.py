"""Integer files by settings, from one set of calibration samples; what several settings share is made once.

While settings are chosen, ranges come from one part of the samples; the file that ships has them from both. Which
scales move between layers, biases and rounding are made from the first part alone, so that they are made only once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from edgecomp_runtime.contract import Contract

from ...evaluate.metrics import Outputs
from ...progress import Step
from ...quantize.equalize.equalize import EqualizationPlan, equalize, plan_equalization
from ...quantize.fidelity import Closeness, closeness
from ...quantize.litert.rewrite import rewrite
from ...quantize.make import Made
from ...quantize.mend.rounding import rounding_cost
from ...quantize.precision.choice import PrecisionPlan
from ...quantize.precision.experiment import NumberFormat
from ...quantize.ranges.choice import Ranges, choose_ranges
from ...quantize.ranges.observe import Observations, merge
from ...quantize.settings import Settings
from ...tflite import TfliteModel, read_tflite
from ..recipes.plan import Plan
from ..workbench import Workbench
from .holdout import Feeds, Holdout

FIXED_SCALES = ("SOFTMAX", "LOGISTIC", "TANH", "LOG_SOFTMAX", "L2_NORMALIZATION")
"""Operators whose integer kernels know one output scale only:
https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec"""


class Attempts:
    """Makes files of one float file.

    Args:
        model: the float .tflite.
        samples: calibration samples in two parts.
        plan: scheme, edges and target.
        bench: where the work is done.
        step: whose bar counts the samples that are observed first.
    """

    def __init__(self, model: bytes, samples: Holdout, plan: Plan, bench: Workbench, step: Step) -> None:
        self._samples = samples
        self._plan = plan
        self._bench = bench
        file = rewrite(model)
        counted = step.track(samples.fitting, len(samples.fitting))
        self._plain = Observed(file, self._observe(file, counted))

    @cached_property
    def equalization(self) -> EqualizationPlan:
        """Which scales would be moved; empty where it would gain nothing."""
        return plan_equalization(self._plain.parsed, self._plain.fitting)

    def source(self, settings: Settings) -> bytes:
        """The float file that integers are made from: equalized, or as it came."""
        return self._observed(settings).file

    def make(self, settings: Settings, *, final: bool = False) -> Made:
        """The file for these settings.

        Args:
            settings: how.
            final: whether ranges are those of all samples, and not of the first part alone.

        Raises:
            QuantizeError: the quantizer could not make it.
        """
        mends = settings.bias_correction or settings.rounding == "learned"
        made: Made = self._bench.worker.call(
            "edgecomp.quantize.make:make",
            self.source(settings),
            settings,
            numbers=number_format(self._plan),
            ranges=self._ranges(settings, final=final),
            threads=self._bench.threads,
            samples=self._few if mends else [],
        )
        return made

    @property
    def rounding_cost(self) -> float:
        """What learning how weights are rounded takes, in multiply-adds."""
        return rounding_cost(self._plain.parsed)

    @property
    def fixed_outputs(self) -> tuple[str, ...]:
        """Output tensors whose integers have a fixed scale, where they may be float instead."""
        quantize, graph = self._plan.recipe.quantize, self._plain.parsed.main
        if not self._allow_float or "float" not in self._plan.target.model.io or quantize.io == "float":
            return ()
        fixed = {one.outputs[0] for one in graph.operators if one.name in FIXED_SCALES}
        return tuple(graph.tensors[index].name for index in graph.outputs if index in fixed)

    def float_operators(self, settings: Settings, held: Sequence[Feeds], classes: Sequence[bool]) -> PrecisionPlan:
        """Which operators these settings should leave at float, as far as the target runs them and the budget goes.

        Args:
            settings: how the others are quantized.
            held: samples to judge by.
            classes: for each output, whether it scores classes.
        """
        rules, quantize = self._plan.target.model, self._plan.recipe.quantize
        plan: PrecisionPlan = self._bench.worker.call(
            "edgecomp.quantize.precision.choice:choose_float_operators",
            self.source(settings),
            self._ranges(settings),
            threads=self._bench.threads,
            samples=held,
            classes=classes,
            numbers=number_format(self._plan),
            latency_budget=quantize.float_budget / 100,
            size_budget=quantize.float_budget / 100,
            allow_float=self._allow_float,
            allow_float_outputs=self._allow_float and "float" in rules.io,
        )
        return plan

    @property
    def _allow_float(self) -> bool:
        """Whether the target runs float operators and the budget has room for any."""
        return "float32" in self._plan.target.model.schemes and self._plan.recipe.quantize.float_budget > 0

    def _observed(self, settings: Settings) -> Observed:
        return self._equalized if settings.equalize else self._plain

    def _ranges(self, settings: Settings, *, final: bool = False) -> Ranges:
        seen = self._observed(settings)
        observations = seen.fitting
        if final and self._samples.judging:
            observations = merge(observations, self._observe(seen.file, self._samples.judging))
        symmetric = self._plan.target.model.symmetric_activations
        return choose_ranges(observations, settings.ranges, model=seen.parsed, symmetric=symmetric)

    @cached_property
    def _equalized(self) -> Observed:
        file = equalize(self._plain.file, self.equalization)
        return Observed(file, self._observe(file, self._samples.fitting))

    @cached_property
    def _few(self) -> list[Feeds]:
        return self._samples.fitting.few()

    def _observe(self, model: bytes, samples: Iterable[Feeds]) -> Observations:
        seen: Observations = self._bench.worker.call(
            "edgecomp.quantize.ranges.observe:observe", model, threads=self._bench.threads, stream=samples
        )
        return seen


def number_format(plan: Plan) -> NumberFormat:
    """Which integers a plan's target wants."""
    rules, quantize = plan.target.model, plan.recipe.quantize
    return NumberFormat(quantize.scheme, quantize.io, rules.symmetric_activations, rules.per_tensor_weights)


@dataclass(frozen=True)
class Observed:
    """A float file and what was seen of its tensors on the first part of the samples."""

    file: bytes
    fitting: Observations

    @cached_property
    def parsed(self) -> TfliteModel:
        return read_tflite(self.file)


@dataclass(frozen=True)
class Trial:
    """A file that was made and judged.

    Args:
        settings: how it was made.
        closeness: to the float file, on the held samples.
        seconds: that making and judging it took.
        note: what it was tried for.
    """

    settings: Settings
    closeness: Closeness
    seconds: float
    note: str


class Judge:
    """Holds files against the float file on held samples.

    Args:
        model: the float .tflite.
        contract: what its outputs mean.
        held: samples that the files are not made from.
        bench: where they run.
    """

    def __init__(self, model: bytes, contract: Contract, held: Sequence[Feeds], bench: Workbench) -> None:
        self._contract = contract
        self._held = list(held)
        self._bench = bench
        self._references = self._run(model)

    def __len__(self) -> int:
        return len(self._held)

    @property
    def held(self) -> list[Feeds]:
        return self._held

    @property
    def classes(self) -> list[bool]:
        """For each output, whether it scores classes."""
        return [output.kind == "classification" for output in self._contract.outputs]

    def judge(self, file: bytes) -> Closeness:
        """How close a file's answers are to the float file's."""
        return closeness(self._references, self._run(file), classes=self.classes)

    def trial(self, attempts: Attempts, settings: Settings, note: str) -> Trial:
        """Makes a file and judges it."""
        start = time.perf_counter()
        made = attempts.make(settings)
        return Trial(settings, self.judge(made.file), time.perf_counter() - start, note)

    def _run(self, file: bytes) -> list[Outputs]:
        outputs: list[Outputs] = self._bench.worker.call(
            "edgecomp.evaluate.run:run_samples", file, self._contract, threads=self._bench.threads, stream=self._held
        )
        return outputs
