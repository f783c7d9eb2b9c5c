"""What a conversion gives back in Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .recipes.recipe import Recipe


@dataclass(frozen=True)
class ConvertResult:
    """Paths, figures and recipe of a finished conversion.

    Args:
        folder: everything below lies there.
        model: the .tflite for the target.
        float_model: the float .tflite it was made from and is measured against.
        bundle: the zip for the device.
        report: report.json as data; `report.html` beside it shows it.
        recipe: what was done; replays to the same bytes.
    """

    folder: Path
    model: Path
    float_model: Path
    bundle: Path
    report: dict[str, Any]
    recipe: Recipe

    @property
    def drop_points(self) -> float | None:
        """Accuracy lost against the float model, in percentage points; None where nothing was labelled."""
        value: float | None = self.report["drop_points"]
        return value

    @property
    def agreement(self) -> float | None:
        """Share of samples answered with the float model's class, 0 to 1; None where answers are no classes."""
        value: float | None = self.report["agreement"]
        return value
