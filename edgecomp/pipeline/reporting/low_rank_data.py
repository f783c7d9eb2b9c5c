"""Which layers were written as smaller ones, in the shape of report.json."""

from __future__ import annotations

from typing import Any

from ..shrinking.shrink import Shrunk


def low_rank_data(shrunk: Shrunk) -> dict[str, Any] | None:
    """What layers became and what they keep; None where none was changed."""
    plan = next((one.low_rank for one in shrunk.rounds if one.low_rank is not None), None)
    if plan is None:
        return None
    return {
        "macs": dict(zip(("before", "after"), plan.macs, strict=True)),
        "params": dict(zip(("before", "after"), plan.params, strict=True)),
        "layers": [
            {
                "name": one.layer.name,
                "form": one.option.form,
                "ranks": list(one.option.ranks),
                "is": str(one.layer.product),
                "becomes": one.becomes,
                "kept": one.kept,
                "macs_before": one.macs[0],
                "macs_after": one.macs[1],
                "params_before": one.params[0],
                "params_after": one.params[1],
            }
            for one in plan.layers
        ],
        "left_alone": [{"layer": layer, "reason": reason} for layer, reason in plan.left_alone.items()],
    }


def low_rank_warnings(shrunk: Shrunk) -> list[str]:
    """Sentences a user should read."""
    untrained = [one.low_rank for one in shrunk.rounds if one.low_rank is not None and one.trained is None]
    return [
        f"{len(one.layers)} layers were written with a lower rank and nothing was trained afterwards, so that accuracy "
        "was lost: win it back with --train SAMPLES."
        for one in untrained
    ]
