"""Is the exported file the model it was exported from?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import EdgecompError

RELATIVE_TOLERANCE = 1e-3
"""Largest allowed difference as a share of the largest absolute value of that output. Float kernels add up in
another order than TensorFlow's; over a hundred layers that stays below 1e-4, while a lost weight shows at once."""


class ExportMismatchError(EdgecompError):
    """The exported float file does not compute what the model computes."""


def check_outputs(
    expected: Sequence[np.ndarray], actual: Sequence[np.ndarray], names: Sequence[str], sample: str
) -> float:
    """Compares the outputs of one sample.

    Args:
        expected: the original model's outputs.
        actual: the exported file's outputs, in the same order.
        names: the outputs' names.
        sample: the sample's name, for the message.

    Returns:
        The largest difference as a share of the output's largest absolute value.

    Raises:
        ExportMismatchError: a shape differs, or a value by more than `RELATIVE_TOLERANCE`.
    """
    worst = 0.0
    for name, wanted, got in zip(names, expected, actual, strict=True):
        if wanted.shape != got.shape:
            raise ExportMismatchError(
                f"the exported file's output '{name}' has shape {got.shape} where the model has {wanted.shape}"
            )
        if not np.isfinite(wanted).all():
            raise ExportMismatchError(f"the model itself gives NaN or infinity at output '{name}' for {sample}")
        scale = float(np.abs(wanted).max(initial=0.0)) + 1e-7
        difference = float(np.abs(wanted.astype(np.float64) - got.astype(np.float64)).max(initial=0.0)) / scale
        if not difference <= RELATIVE_TOLERANCE:
            raise ExportMismatchError(
                f"the exported file does not compute what the model computes: output '{name}' differs by "
                f"{difference:.2%} of its largest value on {sample} (allowed: {RELATIVE_TOLERANCE:.1%}). "
                "Please report it with the model."
            )
        worst = max(worst, difference)
    return worst
