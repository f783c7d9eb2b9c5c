"""What was trained and what came of it, in the shape of report.json."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..quantizing.qat import QuantizedTraining
from ..shrinking.rounds import Round

if TYPE_CHECKING:
    from ...train.progress import Epoch, Trained


def training_data(rounds: Sequence[Round], quantized: QuantizedTraining | None) -> list[dict[str, Any]]:
    """Every training in turn; an empty list where there was none.

    Args:
        rounds: of pruning and training.
        quantized: the training with quantization in place, or None.
    """
    data = [
        {**_training(f"round {number + 1}", one.trained), "macs": _macs(one)}
        for number, one in enumerate(rounds)
        if one.trained is not None
    ]
    if quantized is not None:
        files = {"file_before": quantized.before, "file_after": quantized.after, "kept": quantized.kept}
        data.append({**_training("quantization in place", quantized.trained), **files})
    return data


def _macs(one: Round) -> int | None:
    """Multiply-accumulates of what was trained, where a round changed them."""
    if one.low_rank is not None:
        return one.low_rank.macs[1]
    return one.plan.after.macs if one.plan else None


def training_warnings(rounds: Sequence[Round], quantized: QuantizedTraining | None) -> list[str]:
    """Sentences a user should read."""
    trained = [one.trained for one in rounds if one.trained is not None]
    if quantized is not None:
        trained.append(quantized.trained)
    warnings = [warning for one in trained for warning in one.warnings]
    if any(one.history[-1].epoch <= 1 for one in trained):
        warnings.append(
            "A training ended before every sample had been seen twice, which is too little to win much back: give it "
            "more (--time-budget, --epochs)."
        )
    if quantized is not None and not quantized.kept:
        warnings.append(
            "Training with quantization in place made the file no better, so that the one without it was kept: give it "
            "more time or more samples, or leave --qat out."
        )
    return list(dict.fromkeys(warnings))


def _training(name: str, trained: Trained) -> dict[str, Any]:
    return {
        "name": name,
        "metric": trained.metric,
        "held": trained.held,
        "before": trained.before,
        "after": trained.after,
        "best": trained.best,
        "seconds": round(trained.seconds, 3),
        "steps": trained.steps,
        "stopped": trained.stopped,
        "augmentation": trained.augmentation,
        "history": [_epoch(one) for one in trained.history],
    }


def _epoch(one: Epoch) -> dict[str, Any]:
    """An epoch's figures; those that were not measured, as the loss before the first step, are null."""
    return {name: value if math.isfinite(value) else None for name, value in asdict(one).items()}
