"""Which channels went, in the shape of report.json."""

from __future__ import annotations

from typing import Any

from .shrink import Shrunk


def pruning_data(shrunk: Shrunk) -> dict[str, Any] | None:
    """What was removed and why; None where nothing was."""
    if not shrunk.dead and shrunk.plan is None:
        return None
    dead = [
        {"layer": layer.layer, "reason": layer.reason, "channels": len(layer.channels)}
        for found in shrunk.dead
        for layer in found.layers
    ]
    data: dict[str, Any] = {"dead_channels": shrunk.dead_channels, "dead": dead, "removed_channels": 0}
    plan = shrunk.plan
    if plan is None:
        return data
    return {
        **data,
        "removed_channels": len(plan.removed),
        "importance": plan.importance,
        "ranking": plan.ranking,
        "macs": {"before": plan.before.macs, "after": plan.after.macs},
        "params": {"before": plan.before.params, "after": plan.after.params},
        "layers": [
            {
                "name": one.name,
                "before": one.before,
                "after": one.after,
                "macs_before": one.macs_before,
                "macs_after": one.macs_after,
            }
            for one in plan.layers
        ],
        "frozen": [{"layer": layer, "reason": reason} for layer, reason in plan.frozen.items()],
    }
