"""Which channels went, in the shape of report.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..shrinking.shrink import Shrunk

if TYPE_CHECKING:
    from ...pruning.dead_reasons import DeadLayer


def pruning_data(shrunk: Shrunk) -> dict[str, Any] | None:
    """What was removed and why; None where nothing was."""
    plans = [one.plan for one in shrunk.rounds if one.plan is not None]
    silent = shrunk.silent.layers if shrunk.silent else ()
    if not shrunk.dead and not silent and not plans:
        return None
    data: dict[str, Any] = {
        "dead_channels": shrunk.dead_channels,
        "dead": [_dead(layer) for found in shrunk.dead for layer in found.layers],
        "silent_channels": sum(len(layer.channels) for layer in silent),
        "silent": [_dead(layer) for layer in silent],
        "removed_channels": 0,
    }
    if not plans:
        return data
    first, last = plans[0], plans[-1]
    left = {one.name: one for one in last.layers}
    return {
        **data,
        "removed_channels": sum(len(plan.removed) for plan in plans),
        "rounds": len(plans),
        "importance": first.importance,
        "ranking": first.ranking,
        "macs": {"before": first.before.macs, "after": last.after.macs},
        "params": {"before": first.before.params, "after": last.after.params},
        "layers": [
            {
                "name": one.name,
                "before": one.before,
                "after": left[one.name].after,
                "macs_before": one.macs_before,
                "macs_after": left[one.name].macs_after,
                "bytes_before": one.bytes_before,
                "bytes_after": left[one.name].bytes_after,
            }
            for one in first.layers
        ],
        "frozen": [{"layer": layer, "reason": reason} for layer, reason in first.frozen.items()],
    }


def _dead(layer: DeadLayer) -> dict[str, Any]:
    return {"layer": layer.layer, "reason": layer.reason, "channels": len(layer.channels)}
