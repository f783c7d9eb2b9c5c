"""Which layers of a model int8 hurts, on somebody's samples."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgecomp_runtime.bundle.read import is_bundle

from ..errors import InputError
from ..export.normalization import move_normalization
from ..progress import Steps
from ..quantize.fidelity import Closeness
from ..quantize.precision.experiment import NumberFormat, Score
from ..quantize.precision.sensitivity import Sensitivity, worst_first
from ..quantize.precision.units import Unit
from ..quantize.ranges.choice import Ranges, choose_ranges
from ..quantize.settings import Settings
from ..remembered import remembered
from ..tflite import TfliteModel, operator_layers, read_tflite
from ..worker import Worker
from .float_file import FloatModel, export, layer_names
from .log_file import log_file, native_output_to
from .opening import open_with
from .options.conversion import RecipeOptions
from .options.keywords import keywords_of
from .options.ranking import RankingOptions
from .quantizing.holdout import Holdout, hold_out
from .recipes.plan import Plan, make_plan
from .samples import check_specs, class_names, open_samples, stacked
from .workbench import Workbench

if TYPE_CHECKING:
    from ..pruning.measured import GroupCurve

WARM = (
    "edgecomp.export.native:warm_up",
    "litert_quantizer",
    "edgecomp.evaluate.run",
    "edgecomp.quantize.precision.sensitivity",
)
"""What the worker imports while this process is still opening the model."""

ANY_TARGET = "linux-x86-64"
"""Whose int8 is measured where no target is named: the kernels give the same answers on all of them."""


@dataclass(frozen=True)
class RankedLayer:
    """A unit of the network under the name of the layer it came from.

    Args:
        layer: name of the Keras layer, or of the tensor where that is not known.
        measured: what quantizing it does.
    """

    layer: str
    measured: Sensitivity

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "layer": self.layer,
            "op": self.measured.unit.op,
            "tensor": self.measured.unit.name,
            "alone": _score_dict(self.measured.alone),
            "without": _score_dict(self.measured.without),
        }


@dataclass(frozen=True)
class Ranking:
    """The layers of a model, those first that int8 hurts most.

    Args:
        layers: the worst first.
        everything: what int8 throughout does.
        edges: what int8 inputs and outputs alone do.
        groups: what cutting channels does, group by group; empty where the model is no Keras model or nothing can go.
        held: samples that outputs were compared on; others, where there were enough, gave the ranges.
        preprocess: how raw values became model input, and why.
        warnings: sentences a user should read.
    """

    layers: tuple[RankedLayer, ...]
    everything: Score
    edges: Score
    held: int
    preprocess: dict[str, str]
    warnings: tuple[str, ...]
    groups: tuple[GroupCurve, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "everything": _score_dict(self.everything),
            "edges": _score_dict(self.edges),
            "layers": [one.to_dict() for one in self.layers],
            "groups": [asdict(one) for one in self.groups],
            "held": self.held,
            "preprocess": self.preprocess,
            "warnings": list(self.warnings),
        }


@keywords_of(RankingOptions)
def rank_layers(path: Path, options: RankingOptions) -> Ranking:
    """Exports a model, and measures each of its layers alone in int8, and all of it but that one.

    Where channels can be cut, it is also measured what cutting each group of them does. Nothing is trained. What was
    measured before, on the same weights and samples, is remembered.

    Args:
        path: a .keras, .h5, SavedModel or float .tflite.
        options: see `RankingOptions`; each of them is a keyword argument.

    Raises:
        TypeError: an option that there is none of; names the nearest.
        InputError: something given cannot be used, the model is quantized already, or int8 has none of its operators.
    """
    plan = make_plan(
        RecipeOptions(
            target=options.target or ANY_TARGET, scheme="int8", preprocess=options.preprocess, samples=options.samples
        )
    )
    check_specs(options.data)
    if path.exists() and is_bundle(path):
        raise InputError(f"{path} is a bundle, and what is in it is quantized already: give the model it was made from")
    names = class_names(options.labels)
    with (
        log_file() as log,
        Worker(log=log, warm=WARM) as worker,
        native_output_to(log, options.console),
        Steps(options.console) as steps,
    ):
        bench = Workbench(worker, steps, threads=os.cpu_count() or 1)
        with steps.step("open", f"opening {path.name}"):
            opened = open_with(path, options)
        given = open_samples(plan, opened, options.data, None, None, names)
        model = export(move_normalization(opened), plan, given, bench)
        parts = hold_out(model.calibration)
        measured, everything, edges = _remembered(model, plan, parts, bench)
        groups = _groups(model, plan, bench)
    return Ranking(
        layers=_named(measured, read_tflite(model.file), layer_names(model.model)),
        everything=everything,
        edges=edges,
        held=len(parts.held),
        preprocess={"name": str(model.preprocess.preprocess), "reason": model.preprocess.reason},
        warnings=tuple(dict.fromkeys((*plan.warnings, *model.model.warnings, *model.warnings))),
        groups=groups,
    )


def _groups(model: FloatModel, plan: Plan, bench: Workbench) -> tuple[GroupCurve, ...]:
    """What cutting channels does; nothing where the model cannot be cut."""
    if model.model.keras_model is None:
        return ()
    from ..pruning.measured import SAMPLES, measure_groups

    with bench.steps.step("groups", "measuring groups of channels") as step:
        samples = stacked([one.feeds for one in islice(model.calibration, SAMPLES)])
        try:
            groups = measure_groups(model.model.keras_model, samples, multiple=plan.target.model.channel_multiple)
        except InputError:  # a subclassed model
            return ()
        step.detail = f"{len(groups)} groups"
    return groups


def _remembered(
    model: FloatModel, plan: Plan, parts: Holdout, bench: Workbench
) -> tuple[list[Sensitivity], Score, Score]:
    """What `_measure` finds, once for the same file and samples."""
    digest = hashlib.sha256(model.file)
    for part in (parts.fitting, parts.held):
        for feeds in part:
            for value in feeds.values():
                digest.update(value.tobytes())
        digest.update(b"held")
    digest.update(plan.recipe.quantize.io.encode())
    return remembered(
        "operators",
        digest.hexdigest(),
        lambda: _measure(model, plan, parts, _ranges(model, parts, bench), bench),
        store=lambda found: {
            "units": [asdict(one) for one in found[0]],
            "everything": asdict(found[1]),
            "edges": asdict(found[2]),
        },
        restore=lambda stored: (
            [_sensitivity(one) for one in stored["units"]],
            _score(stored["everything"]),
            _score(stored["edges"]),
        ),
    )


def _sensitivity(stored: dict[str, Any]) -> Sensitivity:
    unit = stored["unit"]
    found = Unit(unit["name"], unit["op"], tuple(unit["operators"]), tuple(unit["tensors"]))
    return Sensitivity(found, _score(stored["alone"]), _score(stored["without"]))


def _score(stored: dict[str, Any]) -> Score:
    close = stored["closeness"]
    return Score(Closeness(tuple(close["errors"]), close["agreement"]), stored["divergence"])


def _ranges(model: FloatModel, parts: Holdout, bench: Workbench) -> Ranges:
    with bench.steps.step("calibrate", "observing ranges") as step:
        observations = bench.worker.call(
            "edgecomp.quantize.ranges.observe:observe",
            model.file,
            threads=bench.threads,
            stream=step.track(parts.fitting, len(parts.fitting)),
        )
    return choose_ranges(observations, Settings().ranges, model=read_tflite(model.file))


def _measure(
    model: FloatModel, plan: Plan, parts: Holdout, ranges: Ranges, bench: Workbench
) -> tuple[list[Sensitivity], Score, Score]:
    """Every unit, the whole and the edges, each in a call of its own, so that progress shows."""
    call = bench.worker.call
    with bench.steps.step("measure", "measuring layers") as step:
        experiment, _ = call(
            "edgecomp.quantize.precision.experiment:prepare",
            model.file,
            ranges,
            threads=bench.threads,
            samples=parts.held,
            classes=[output.kind == "classification" for output in model.contract.outputs],
            numbers=NumberFormat(io="int8" if plan.recipe.quantize.io == "int8" else "float"),
        )
        if not experiment.units:
            raise InputError("none of the model's operators has an int8 form, so that there is nothing to measure")
        everything = call("edgecomp.quantize.precision.sensitivity:measure_everything", experiment)
        edges = call("edgecomp.quantize.precision.sensitivity:measure_edges", experiment)
        units = step.track(experiment.units, len(experiment.units))
        measured = [call("edgecomp.quantize.precision.sensitivity:measure_unit", experiment, unit) for unit in units]
    return measured, everything, edges


def _named(measured: list[Sensitivity], model: TfliteModel, keras_layers: tuple[str, ...]) -> tuple[RankedLayer, ...]:
    """The worst first, each under the name of the first layer that any of its operators came from."""
    layers = operator_layers(model.main, keras_layers)
    results = {index: name for name, index in model.signature.outputs} if model.signature else {}
    ranked = []
    for one in worst_first(measured):
        known = (layers[index] for index in one.unit.operators)
        given = (results.get(index) for last in one.unit.operators for index in model.main.operators[last].outputs)
        name = next((name for name in (*known, *given) if name is not None), one.unit.name)
        ranked.append(RankedLayer(name, one))
    return tuple(ranked)


def _score_dict(score: Score) -> dict[str, Any]:
    return {
        "error": score.error,
        "db": score.decibels,
        "agreement": score.agreement,
        "divergence_nats": score.divergence,
    }
