"""What a report has of the answers: figures, comparison, changes, maps, curves; and of the costs."""

from __future__ import annotations

from .specs import COUNT, FRACTION, METRIC, POSITIVE, RANGE, SHARE, ByName, Fields, Flag, Items, Number, Text

EVALUATED = Fields(
    {
        "metric": METRIC,
        "interval": RANGE,
        "interval_method": Text(),
        "figures": ByName(Number()),
        "classes": Items(
            Fields(
                {
                    "name": Text(),
                    "n": COUNT,
                    **dict.fromkeys(("precision", "recall", "f1", "iou", "map"), FRACTION),
                }
            )
        ),
        "confusion": Items(Items(COUNT)),
    }
)
COMPARISON = Fields(
    {
        "divergence": Number(),
        "flips": Items(Fields({"from": Text(), "to": Text(), "count": COUNT})),
        "changed_samples": Items(COUNT),
        **dict.fromkeys(("n", "both", "lost", "won"), COUNT),
        **dict.fromkeys(("drop", "low", "high"), SHARE),
        "p": FRACTION,
        "p_value": FRACTION,
        "max_drop_points": Number(),
        "within_budget": Flag(),
        "samples_needed": COUNT,
        "difference_interval": RANGE,
        "words": Items(Text()),
    }
)
CHANGES = Fields(
    {
        "n": COUNT,
        "changed": COUNT,
        "classes": Items(
            Fields(
                {
                    "name": Text(),
                    **dict.fromkeys(("n", "changed", "lost", "won"), COUNT),
                    "share": FRACTION,
                    "became": Items(Fields({"name": Text(), "count": COUNT})),
                }
            )
        ),
        "samples": Items(
            Fields(
                {
                    "position": COUNT,
                    **dict.fromkeys(("name", "label", "was", "became", "image"), Text()),
                    **dict.fromkeys(("was_score", "became_score"), Number()),
                    **dict.fromkeys(("was_right", "became_right"), Flag()),
                    **dict.fromkeys(("width", "height"), COUNT),
                    "summary": Items(
                        Fields(
                            {
                                "input": Text(),
                                "shape": Items(COUNT),
                                **dict.fromkeys(("low", "high", "mean"), Number()),
                                "first": Items(Number()),
                            }
                        )
                    ),
                }
            )
        ),
        "words": Text(),
    }
)
SIMILARITY = {"rank_correlation": SHARE, "overlap": FRACTION}
MAP = Items(Items(Number()))
ATTENTION = Fields(
    {
        "method": Text(),
        "grid": Items(COUNT, length=2),
        "cells": Items(Text()),
        **dict.fromkeys(("asked", "done"), COUNT),
        "seconds": POSITIVE,
        "stopped": Text(),
        **SIMILARITY,
        "chance": Fields(SIMILARITY),
        "gradcam": Fields(SIMILARITY),
        "samples": Items(
            Fields(
                {
                    "position": COUNT,
                    **dict.fromkeys(("name", "label", "answer", "image"), Text()),
                    "changed": Flag(),
                    **dict.fromkeys(("width", "height"), COUNT),
                    **dict.fromkeys(("float", "compressed", "gradcam"), MAP),
                    **SIMILARITY,
                }
            )
        ),
        "words": Text(),
    }
)
CURVE = Fields(
    {
        "name": Text(),
        "unit": Text(),
        "points": Items(
            Fields(
                {
                    "strength": Number(),
                    "value": Number(),
                    "interval": RANGE,
                    "against": Fields({"value": Number(), "interval": RANGE}),
                    "drop": Items(SHARE, length=3),
                    "agreement": FRACTION,
                }
            )
        ),
    }
)
EVALUATION = Fields(
    {
        "task": Text(),
        "n": COUNT,
        "files": Fields(dict.fromkeys(("float", "stock", "compressed"), EVALUATED)),
        "comparison": COMPARISON,
        "changes": CHANGES,
        "attention": ATTENTION,
        "samples_hidden": Flag(),
        "robustness": Fields({"samples": COUNT, "curves": Items(CURVE), "words": Text(), "reason": Text()}),
        "stream": Fields({"inferences": COUNT, "changed": COUNT, "stable": Flag(), "words": Text()}),
        "diagnosis": Items(Text()),
    }
)
COST = Fields(
    {
        "quantities": Items(
            Fields(
                {
                    **dict.fromkeys(("name", "title", "unit", "source"), Text()),
                    **dict.fromkeys(("value", "reference"), Number()),
                    "gain": POSITIVE,
                }
            )
        ),
        "scenarios": Items(
            Fields(
                {
                    **dict.fromkeys(("name", "title", "words"), Text()),
                    "weights": ByName(POSITIVE),
                    "points_that_halve": POSITIVE,
                    "score": POSITIVE,
                    "covered": FRACTION,
                    "missing": Items(Text()),
                    "parts": Items(Fields({"name": Text(), **dict.fromkeys(("weight", "gain", "factor"), POSITIVE)})),
                }
            )
        ),
    }
)
