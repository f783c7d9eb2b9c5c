"""What quantization leaves: a file, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...quantize.equalize.equalize import EqualizationPlan
from ...quantize.settings import Settings
from .search import Search

if TYPE_CHECKING:
    from .weights import ChosenWeights


@dataclass(frozen=True)
class Quantized:
    """A file in other numbers, and how it came about.

    Args:
        file: the .tflite.
        source: the float file it was made from: the model's, with scales moved between layers where that was chosen.
        settings: how its integers were made; None for schemes that need no calibration.
        reason: why these; a phrase.
        search: what else was tried; None where nothing was.
        held: calibration samples that settings were chosen by.
        equalization: the scales that were moved between layers, or None.
        biases_corrected: number of layers.
        broken: names of calibration samples that were left out.
        weights: what became of the weights; None where they are as quantization left them.
    """

    file: bytes
    source: bytes
    settings: Settings | None = None
    reason: str = ""
    search: Search | None = None
    held: int = 0
    equalization: EqualizationPlan | None = None
    biases_corrected: int = 0
    broken: tuple[str, ...] = ()
    weights: ChosenWeights | None = None
