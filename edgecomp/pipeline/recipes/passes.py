"""What can be done to a model, each thing with its options: the items of a recipe."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ...quantize.schemes import Io, Scheme
from ...quantize.settings import Effort, Settings


@dataclass(frozen=True)
class QuantizePass:
    """Post-training quantization of the exported file.

    Args:
        scheme: one of `SCHEMES`.
        io: one of `IOS`.
        samples: calibration samples used at most.
        effort: one of `EFFORTS`, how much is tried to find `settings`.
        float_budget: percent of latency and of size that operators kept at float may cost.
        settings: what was found; None until then, and for schemes that need no calibration.
    """

    scheme: Scheme = "int8"
    io: Io = "int8"
    samples: int = 200
    effort: Effort = "normal"
    float_budget: float = 10.0
    settings: Settings | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        settings = None
        if self.settings is not None:
            settings = {**asdict(self.settings), "float_operators": list(self.settings.float_operators)}
        return {
            "scheme": self.scheme,
            "io": self.io,
            "samples": self.samples,
            "effort": self.effort,
            "float_budget": self.float_budget,
            "settings": settings,
        }


BUDGETS = ("macs", "params", "bytes", "latency")
IMPORTANCES = ("l1", "l2", "bn_gamma", "taylor", "variance", "hessian", "random")
MEASURED_IMPORTANCES = ("taylor", "variance", "hessian")
"""Those that need samples."""

RANKINGS = ("global", "local", "measured")


@dataclass(frozen=True)
class PrunePass:
    """Channel pruning of the Keras model.

    Args:
        share: what to remove of `budget`, above 0 and below 1.
        budget: one of `BUDGETS`.
        importance: one of `IMPORTANCES`, how channels are ranked.
        ranking: one of `RANKINGS`: over all layers, in each, or over all by what cutting each was measured to cost.
        ignore: name patterns of layers that keep all their channels.
        stages: what is gone after each round of pruning and training, the last being `share`; None where every round
            keeps the same part.
    """

    share: float
    budget: str = "macs"
    importance: str = "taylor"
    ranking: Literal["global", "local", "measured"] = "global"
    ignore: tuple[str, ...] = ()
    stages: tuple[float, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        stages = None if self.stages is None else list(self.stages)
        return {**asdict(self), "ignore": list(self.ignore), "stages": stages}


LOW_RANKS = ("macs", "params", "energy", "bayes")


@dataclass(frozen=True)
class LowRankPass:
    """Layers of the Keras model written as smaller ones.

    Args:
        by: one of `LOW_RANKS`, what decides ranks.
        amount: for "macs" and "params" the share of the network's to remove, for "energy" the share of what each layer
            gives that it keeps: above 0 and below 1; None for "bayes".
        ignore: name patterns of layers that stay as they are.
    """

    by: str
    amount: float | None = None
    ignore: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        return {**asdict(self), "ignore": list(self.ignore)}


Recover = Literal["distill", "labels", "none"]
RECOVERS: tuple[str, ...] = get_args(Recover)

RECOVER_DESCRIPTIONS = {
    "distill": "learn the original's answers, and labels where there are any",
    "labels": "learn labels alone",
    "none": "no training before quantization",
}


@dataclass(frozen=True)
class TrainPass:
    """Training that wins back what other passes lose.

    Args:
        recover: one of `RECOVERS`, what the pruned model learns from.
        epochs: passes over the samples, in each training; None for as many as the time allows.
        time_budget: seconds for all of the training; None for no limit.
        rounds: how often channels are pruned and the rest trained.
        qat: whether the file is trained once more with the rounding of its integers in place.
        steps: of each training in turn, how many were planned and how many were done, and for each change of that plan
            when it was changed and to how many; None until then.
    """

    recover: Recover = "distill"
    epochs: int | None = None
    time_budget: float | None = None
    rounds: int = 1
    qat: bool = False
    steps: tuple[tuple[int, ...], ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        return {**asdict(self), "steps": None if self.steps is None else [list(one) for one in self.steps]}
