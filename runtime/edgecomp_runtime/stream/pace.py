"""A steady rate: moments on a grid, whatever the work between them takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Optional


class Pace:
    """Waits for the next moment of a grid that begins with the first wait.

    The grid does not shift: what took too long makes the next wait shorter, and moments that have passed are left out.

    Args:
        rate: moments a second; None never waits.
        sleep: waits for so many seconds.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        rate: Optional[float],
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._sleep = sleep
        self._clock = clock
        self._start: Optional[float] = None
        self._last = 0

    def wait(self) -> None:
        """Returns at the first moment of the grid that was not waited for yet."""
        if self._rate is None:
            return
        now = self._clock()
        if self._start is None:
            self._start = now
            return
        # Rounding must not give a moment twice.
        self._last = max(self._last + 1, math.ceil((now - self._start) * self._rate - 1e-9))
        self._sleep(max(0.0, self._start + self._last / self._rate - now))
