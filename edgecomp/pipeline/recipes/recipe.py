"""A run as data: what was done to the model, in which order, with which options and seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .passes import LowRankPass, PrunePass, QuantizePass, TrainPass
from .weight_passes import ClusterPass, CodebookPass, SparsifyPass

VERSION = 1


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the bytes of the result, besides the model and the data.

    Args:
        target: the device profile's name, or the path of the user's own.
        preprocess: as `str(Preprocess)` gives it; "auto" until it is resolved.
        seed: of everything random.
        remove_dead: whether channels that are constant for every input are removed.
        remove_silent: whether channels that have one value only on the calibration samples are removed.
        prune: the pruning pass, or None.
        low_rank: the pass that writes layers as smaller ones, or None.
        sparsify: the pass that makes weights zero, or None.
        cluster: the pass that lets weights share values, or None.
        codebook: the pass that lets neighbouring weights share entries, or None; not with `cluster`.
        train: the training pass, or None.
        quantize: the quantization pass.
    """

    target: str
    preprocess: str = "auto"
    seed: int = 0
    remove_dead: bool = True
    remove_silent: bool = False
    prune: PrunePass | None = None
    low_rank: LowRankPass | None = None
    sparsify: SparsifyPass | None = None
    cluster: ClusterPass | None = None
    codebook: CodebookPass | None = None
    train: TrainPass | None = None
    quantize: QuantizePass = field(default_factory=QuantizePass)

    def to_dict(self) -> dict[str, Any]:
        """As recipe.yaml and report.json have it."""
        return {
            "recipe": VERSION,
            "target": self.target,
            "preprocess": self.preprocess,
            "seed": self.seed,
            "passes": [
                *([{"remove_dead": {}}] if self.remove_dead else []),
                *([{"remove_silent": {}}] if self.remove_silent else []),
                *([{"prune": self.prune.to_dict()}] if self.prune else []),
                *([{"low_rank": self.low_rank.to_dict()}] if self.low_rank else []),
                *([{"sparsify": self.sparsify.to_dict()}] if self.sparsify else []),
                *([{"cluster": self.cluster.to_dict()}] if self.cluster else []),
                *([{"codebook": self.codebook.to_dict()}] if self.codebook else []),
                *([{"train": self.train.to_dict()}] if self.train else []),
                {"quantize": self.quantize.to_dict()},
            ],
        }
