"""How the integers came about, in the shape of report.json."""

from __future__ import annotations

from typing import Any

from ...quantize.equalize.plan import Centring, EqualizationPlan, Rescaling
from ...quantize.precision.choice import PrecisionPlan
from ...quantize.settings import Settings
from ...tflite import TfliteModel, layer_of, read_tflite
from ..quantizing.attempts import Trial
from ..quantizing.quantized import Quantized
from ..recipes.plan import Plan


def quantization_data(plan: Plan, made: Quantized, keras_layers: tuple[str, ...]) -> dict[str, Any] | None:
    """What was chosen and why; None for schemes that leave nothing to choose."""
    if made.settings is None:
        return None
    source = read_tflite(made.source)
    return {
        "effort": plan.recipe.quantize.effort,
        "held_out": made.held,
        "reason": made.reason,
        "settings": settings_data(made.settings),
        "equalized": _equalized(made.equalization, source, keras_layers),
        "biases_corrected": made.biases_corrected,
        "float_operators": _float_operators(made, source, keras_layers),
    }


def tried_data(made: Quantized) -> list[dict[str, Any]]:
    """Every file that was made on the way, in order."""
    if made.search is None:
        return []
    return [_trial(one, kept=one is made.search.best) for one in made.search.trials]


def settings_data(settings: Settings) -> dict[str, Any]:
    """Settings with the number of operators in place of their names."""
    return {
        "ranges": settings.ranges,
        "equalize": settings.equalize,
        "bias_correction": settings.bias_correction,
        "rounding": settings.rounding,
        "float_operators": len(settings.float_operators),
        "float_outputs": settings.float_outputs,
    }


def _trial(trial: Trial, *, kept: bool) -> dict[str, Any]:
    return {
        "settings": settings_data(trial.settings),
        "error_db": trial.closeness.decibels,
        "agreement": trial.closeness.agreement,
        "seconds": round(trial.seconds, 3),
        "kept": kept,
        "note": trial.note,
    }


def _equalized(
    plan: EqualizationPlan | None, source: TfliteModel, keras_layers: tuple[str, ...]
) -> list[dict[str, Any]]:
    if plan is None:
        return []
    rescaled = [_rescaling(one, source, keras_layers) for one in plan.rescalings]
    return rescaled + [_centring(one, keras_layers) for one in plan.centrings]


def _rescaling(one: Rescaling, source: TfliteModel, keras_layers: tuple[str, ...]) -> dict[str, Any]:
    def ends(indices: tuple[int, ...]) -> str:
        outputs = [source.main.tensors[source.main.operators[index].outputs[0]].name for index in indices]
        return ", ".join(dict.fromkeys(layer_of(name, keras_layers) or name for name in outputs))

    return {
        "from": ends(one.producers),
        "to": ends(one.consumers),
        "kind": one.exactness,
        "factor": one.largest_factor,
        "gain_db": one.gain_db,
    }


def _centring(one: Centring, keras_layers: tuple[str, ...]) -> dict[str, Any]:
    name = layer_of(one.tensor, keras_layers) or one.tensor
    return {"from": name, "to": "softmax", "kind": "logits centred", "factor": 1.0, "gain_db": one.gain_db}


def _float_operators(made: Quantized, source: TfliteModel, keras_layers: tuple[str, ...]) -> list[dict[str, Any]]:
    assert made.settings is not None
    names = set(made.settings.float_operators)
    reasons = _reasons(made.search.precision) if made.search and made.search.precision else {}
    rows = []
    for operator in source.main.operators:
        name = source.main.tensors[operator.outputs[0]].name if operator.outputs else ""
        if name in names:
            layer = layer_of(name, keras_layers) or name
            rows.append({"layer": layer, "op": operator.name, "reason": reasons.get(name, "the recipe says so")})
    if made.settings.float_outputs:
        rows.append({"layer": "outputs", "op": "OUTPUT", "reason": "integers with one scale cannot tell answers apart"})
    return rows


def _reasons(precision: PrecisionPlan) -> dict[str, str]:
    return {name: f"gains {one.gain_db:.1f} dB" for one in precision.kept for name in one.unit.tensors}
