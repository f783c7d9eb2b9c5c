"""The options of a distillation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .declare import described, option
from .shared import OpeningOptions, ReadingOptions

if TYPE_CHECKING:
    from rich.console import Console

    from ...train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class DistillOptions(OpeningOptions, ReadingOptions):
    """All that `edgecomp distill` can be told."""

    student: str | Path = field(
        metadata=described(
            "The network to train: a Keras model file with the inputs and outputs of TEACHER. It stays as it is."
        )
    )
    data: Any = field(
        metadata=described(
            "Samples to learn from: a folder of photos, .npz, .npy, .csv or package.module:function. Without labels "
            "only the teacher's answers are learned; with labels these too.",
            in_python="Or an array, (x, y), a mapping of arrays, or a function; see `edgecomp.data.open_data`.",
        )
    )
    out: str | Path = field(metadata=described("The .keras file to write; it appears when training has ended."))
    settings: TrainSettings | None = option("How to train; by default as `TrainSettings()`.")
    match_features: bool = option(
        "Also draw inner features together, in layers of the same name and shape.", default=False
    )
    force: bool = option("Replace --out, and drop the checkpoint of another training there.", default=False)
    console: Console | None = option("Where progress is shown; None shows none.")
