"""The options of a ranking of layers by what int8 costs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..recipes.passes import QuantizePass
from .declare import described, option
from .shared import OpeningOptions, ReadingOptions

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class RankingOptions(OpeningOptions, ReadingOptions):
    """All that `edgecomp inspect --sensitivity` can be told."""

    data: Any = field(
        metadata=described(
            "Calibration samples for --sensitivity: a folder of photos, .npz, .npy, .csv or package.module:function.",
            in_python="They need no labels.",
        )
    )
    target: str | None = option(
        "Device profile to hold it against: a name (`edgecomp targets list`) or a YAML file.",
        in_python="It says whether inputs and outputs are int8.",
    )
    samples: int | None = option(f"Samples used at most. [default: {QuantizePass.samples}]")
    console: Console | None = option("Where progress is shown; None shows none.")
