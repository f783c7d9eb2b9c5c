"""Numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from ..metrics.regression import regression_figures, residuals
from .figures import Figures


@dataclass
class RegressionTally:
    """Keeps sums of errors."""

    _rows: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one sample with its numbers, as many as the output has."""
        wanted = np.asarray(label, np.float64).reshape(-1)
        if wanted.size != outputs[0].size:
            raise InputError(f"a label has {wanted.size} numbers, but the output has {outputs[0].size}; give as many")
        self._rows.append(astuple(residuals(outputs[0], wanted)))

    def headline(self, places: np.ndarray) -> float | None:
        """Mean squared error."""
        rows = np.array(self._rows)[places]
        return float(rows[:, 0].sum() / rows[:, 6].sum())

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """Mean squared error with all that belongs to it."""
        found = regression_figures(np.array(self._rows))
        value = found.pop("mse")
        return Figures("mse", value, len(self._rows), more_is_better=False, others=found)
