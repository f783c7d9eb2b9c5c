"""What a model does to its input first, as `scale * x + offset`, and what that says of the values it wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_UNIT_SPANS = (0.4, 12.0)
"""What normalized values span: 1 for 0..1, 2 for -1..1, 4.5 for ImageNet's, up to 12 for data of little contrast."""

_PIXEL_OFFSET = 20.0
"""Networks that only subtract a mean subtract about half of 255; nobody subtracts so much from values of 0 to 1."""


@dataclass(frozen=True)
class Scaling:
    """An elementwise `scale * x + offset` right at the input.

    Args:
        scale: float64, one number or one a channel.
        offset: float64, likewise.
        steps: names of the layers or operators that make it up.
    """

    scale: np.ndarray
    offset: np.ndarray
    steps: tuple[str, ...] = ()

    def then(self, scale: np.ndarray | float, offset: np.ndarray | float, step: str) -> Scaling:
        """This, followed by `scale * x + offset`."""
        with np.errstate(all="ignore"):
            return Scaling(self.scale * scale, self.offset * scale + offset, (*self.steps, step))

    @property
    def wants(self) -> str | None:
        """What the model takes: "pixels" (0 to 255), "unit" (about 0 to 1), or None where it cannot be said."""
        if not self.steps or not np.all(np.isfinite(self.scale)) or not np.all(np.isfinite(self.offset)):
            return None
        scale, offset = float(np.median(np.abs(self.scale))), float(np.median(self.offset))
        low, high = _UNIT_SPANS
        if low <= 255 * scale <= high:
            return "pixels"
        if low <= scale <= high:
            return "pixels" if offset <= -_PIXEL_OFFSET * scale else "unit"
        return None


IDENTITY = Scaling(np.ones(1), np.zeros(1))
