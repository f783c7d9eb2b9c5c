"""A recipe in one line."""

from __future__ import annotations

from ..recipes.recipe import Recipe

_OF = {"macs": "multiply-accumulates", "params": "parameters", "bytes": "bytes", "latency": "predicted latency"}


def in_words(recipe: Recipe) -> str:
    """What a recipe does, for tables: `prune 66% of the predicted latency (taylor, global); train 2 min; int8`."""
    parts = []
    if recipe.prune is not None:
        how = f"{recipe.prune.importance}, {recipe.prune.ranking}"
        earlier = dict.fromkeys(one for one in recipe.prune.stages or () if one < recipe.prune.share)
        how += "".join(f", after {one:.0%}" for one in earlier)
        parts.append(f"prune {recipe.prune.share:.0%} of the {_OF[recipe.prune.budget]} ({how})")
    if recipe.train is not None:
        train = recipe.train
        if train.epochs is not None:
            how_long = f"{train.epochs} epochs"
        elif train.time_budget is not None:
            how_long = f"{train.time_budget / 60:.1f} min"
        else:
            how_long = ""
        parts.append(" ".join(word for word in ("train", how_long, "with integers in place" * train.qat) if word))
    quantize = recipe.quantize
    kept = f" ({quantize.float_budget:g}% float)" if quantize.settings and quantize.settings.float_operators else ""
    parts.append(f"{quantize.scheme}{kept}")
    return "; ".join(parts)
