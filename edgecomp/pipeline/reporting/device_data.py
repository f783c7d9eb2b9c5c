"""What the device is expected to make of the file, in the shape of report.json."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...latency.predict import can_predict, predict
from ...lint import lint
from ...targets import Target
from ...tflite import TfliteModel


def predicted_data(target: Target, model: TfliteModel) -> dict[str, Any] | None:
    """How long it is expected to take there; None where the profile has no coefficients."""
    return predict(model, target).to_dict() if can_predict(target) else None


def findings_data(target: Target, model: TfliteModel, keras_layers: tuple[str, ...]) -> list[dict[str, Any]]:
    """What stands in the way there, as `edgecomp inspect --json` prints it.

    Args:
        target: the device.
        model: the shipped file.
        keras_layers: names of the model's layers, which make those of findings exact.
    """
    found = (dataclasses.asdict(one) for one in lint(model, target, keras_layers))
    # As JSON gives it back.
    return [{key: list(value) if isinstance(value, tuple) else value for key, value in one.items()} for one in found]
