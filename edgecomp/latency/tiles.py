"""Finds out how many outputs a device's kernels compute at a time, from what chains of them cost."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .equations import Equations, Key, Observation
from .work import LINES, PRODUCTS, Tile

ROWS, COLUMNS, DEPTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 14), (8, 16, 32, 64), (1, 2, 4, 8)
"""Tiles that XNNPACK's kernels for matrix products have, one way or another."""

LINE_COLUMNS = (1, 4, 8, 16, 32)
"""Channels that its depthwise kernels compute at a time."""

FEWEST = 3
"""Networks that tell of a tile; fewer fit any."""


def choose_tiles(observations: Sequence[Observation]) -> dict[Key, Tile]:
    """The tiles that explain best what chains of one kind cost.

    Pointwise products and other convolutions are computed by the same tiles.

    Args:
        observations: what networks cost.

    Returns:
        by kind and precision; those that nothing was measured of are left out.
    """
    products = [Tile(*sizes) for sizes in itertools.product(ROWS, COLUMNS, DEPTHS)]
    lines = [Tile(columns=columns) for columns in LINE_COLUMNS]
    chosen: dict[Key, Tile] = {}
    for precision in sorted({work.precision for one in observations for work in one.works}):
        chosen |= _choose(observations, precision, PRODUCTS, products)
        for kind in LINES:
            chosen |= _choose(observations, precision, (kind,), lines)
        if ("pointwise", precision) in chosen:
            chosen["dense", precision] = replace(chosen["pointwise", precision], rows=1)
    return chosen


def _choose(
    observations: Sequence[Observation], precision: str, kinds: Sequence[str], options: Sequence[Tile]
) -> dict[Key, Tile]:
    own = [one for one in observations if all(work.kind in kinds and work.precision == precision for work in one.works)]
    if len(own) < FEWEST:
        return {}

    def misfit(tile: Tile) -> float:
        equations = Equations.of(own, {(kind, precision): tile for kind in kinds})
        return float(np.square(equations.errors(equations.solve())).sum())

    best = min(options, key=misfit)
    return {(kind, precision): best for kind in kinds}
