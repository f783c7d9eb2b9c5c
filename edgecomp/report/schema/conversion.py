"""The whole report: the files, the device, how the integers were made, layer by layer."""

from __future__ import annotations

from .evaluation import COST, EVALUATION
from .specs import COUNT, FRACTION, METRIC, POSITIVE, RANGE, Anything, Fields, Flag, Items, Number, Text

INTERVAL = Fields({"low": POSITIVE, "high": POSITIVE, "confidence": FRACTION})
LATENCY = Fields(
    {
        "p50": POSITIVE,
        "p90": POSITIVE,
        "valid": Flag(),
        "reasons": Items(Text()),
        "runs": COUNT,
        "intervals": Fields({"p50": INTERVAL, "p90": INTERVAL, "p99": INTERVAL}),
    }
)
VARIANT = Fields(
    {
        "bytes": COUNT,
        "gzip_bytes": COUNT,
        "params": COUNT,
        "macs": COUNT,
        "metric": METRIC,
        "latency_ms": LATENCY,
        "scheme": Text(),
        "io": Text(),
        "sha256": Text(),
        "agreement": FRACTION,
        "sqnr_db": Number(),
    }
)
LAYER = Fields(
    {
        "name": Text(),
        "op": Text(),
        "macs": COUNT,
        "bytes": COUNT,
        "sqnr_db": Number(),
        "own_sqnr_db": Number(),
        "dtype": Text(),
        "note": Text(),
        "tensor": Text(),
        "range": RANGE,
        "representable": RANGE,
        "clipped_share": FRACTION,
        "histogram": Fields({"low": Number(), "high": Number(), "counts": Items(COUNT)}),
    }
)
SETTINGS = Fields(
    {
        "ranges": Text(),
        "equalize": Flag(),
        "bias_correction": Flag(),
        "rounding": Text(),
        "float_operators": COUNT,
        "float_outputs": Flag(),
    }
)
TRIAL = Fields(
    {
        "settings": SETTINGS,
        "error_db": Number(),
        "agreement": FRACTION,
        "seconds": POSITIVE,
        "kept": Flag(),
        "note": Text(),
    }
)
DEVICE = Fields(
    {
        "host": Text(),
        "at": Text(),
        "verified": Flag(),
        "installed": Fields({"version": COUNT, "sha256": Text(), "key": Text()}),
        "latency_ms": Fields({**LATENCY.known, "p99": POSITIVE}),
        "reasons": Items(Text()),
        "load_ms": POSITIVE,
        "first_ms": POSITIVE,
        "peak_memory_bytes": COUNT,
        "machine": Text(),
        "engine": Fields({}),
    }
)
FINDING = Fields(
    {
        "rule": Text(),
        "severity": Text(),
        "what": Text(),
        "remedy": Text(),
        "operators": Items(COUNT),
        "ops": Items(Text()),
        "layers": Items(Text()),
    }
)
PRUNING = Fields(
    {
        "dead_channels": COUNT,
        "dead": Items(Fields({"layer": Text(), "reason": Text(), "channels": COUNT})),
        "silent_channels": COUNT,
        "silent": Items(Fields({"layer": Text(), "reason": Text(), "channels": COUNT})),
        "removed_channels": COUNT,
        "rounds": COUNT,
        "importance": Text(),
        "ranking": Text(),
        "macs": Fields({"before": COUNT, "after": COUNT}),
        "params": Fields({"before": COUNT, "after": COUNT}),
        "layers": Items(
            Fields(
                {
                    "name": Text(),
                    **dict.fromkeys(("before", "after"), COUNT),
                    **dict.fromkeys(("macs_before", "macs_after", "bytes_before", "bytes_after"), COUNT),
                }
            )
        ),
        "frozen": Items(Fields({"layer": Text(), "reason": Text()})),
    }
)
TRAINING = Fields(
    {
        "name": Text(),
        "metric": Text(),
        "held": COUNT,
        "before": Number(),
        "after": Number(),
        "best": COUNT,
        "seconds": POSITIVE,
        "steps": COUNT,
        "stopped": Text(),
        "augmentation": Text(),
        "macs": COUNT,
        "file_before": Number(),
        "file_after": Number(),
        "kept": Flag(),
        "history": Items(
            Fields(
                {
                    "epoch": COUNT,
                    "loss": Number(),
                    "value": Number(),
                    "held_loss": Number(),
                    "learning_rate": POSITIVE,
                    "seconds": POSITIVE,
                }
            )
        ),
    }
)
QUANTIZATION = Fields(
    {
        "effort": Text(),
        "held_out": COUNT,
        "reason": Text(),
        "settings": SETTINGS,
        "equalized": Items(
            Fields({"from": Text(), "to": Text(), "kind": Text(), "factor": POSITIVE, "gain_db": Number()})
        ),
        "biases_corrected": COUNT,
        "float_operators": Items(Fields({"layer": Text(), "op": Text(), "reason": Text()})),
    }
)
WEIGHTS = Fields(
    {
        "bits_per_weight": POSITIVE,
        "zeros": FRACTION,
        "transport_bytes": COUNT,
        "price": POSITIVE,
        "tried": Items(Fields({"price": POSITIVE, "bits": POSITIVE, "error": POSITIVE})),
        "layers": Items(
            Fields(
                {
                    "layer": Text(),
                    "weights": COUNT,
                    "zeros": COUNT,
                    "values": COUNT,
                    "bits_per_weight": POSITIVE,
                    "output_db": Number(),
                }
            )
        ),
    }
)
LOW_RANK = Fields(
    {
        "macs": Fields({"before": COUNT, "after": COUNT}),
        "params": Fields({"before": COUNT, "after": COUNT}),
        "layers": Items(
            Fields(
                {
                    **dict.fromkeys(("name", "form", "is", "becomes"), Text()),
                    "ranks": Items(COUNT),
                    "kept": FRACTION,
                    **dict.fromkeys(("macs_before", "macs_after", "params_before", "params_after"), COUNT),
                }
            )
        ),
        "left_alone": Items(Fields({"layer": Text(), "reason": Text()})),
    }
)
SEARCH = Fields(
    {
        "goal": Text(),
        "limits": Fields({"max_drop_points": Number(), "max_latency_ms": Number(), "max_bytes": Number()}),
        "met": Flag(),
        "latency_unit": Text(),
        "judged_on": Fields({"set": Text(), "n": COUNT, "measure": Text()}),
        "noise_points": Number(),
        "note": Text(),
        "seconds": POSITIVE,
        "points": Items(
            Fields(
                {
                    **dict.fromkeys(("name", "kind", "summary"), Text()),
                    "recipe": Anything(),
                    **dict.fromkeys(("loss_points", "low", "high"), Number()),
                    "agreement": FRACTION,
                    "latency": POSITIVE,
                    **dict.fromkeys(("bytes", "peak_memory_bytes", "stage"), COUNT),
                    "chosen": Flag(),
                    "front": Flag(),
                }
            )
        ),
    }
)
REPORT = Fields(
    {
        "schema": Number(low=1, whole=True),
        "created_by": Text(),
        "kind": Text(),
        "against": Text(),
        "target": Text(),
        "recipe": Fields({}),
        "seed": Number(whole=True),
        "source": Fields({"path": Text(), "format": Text(), "params": COUNT, "macs": COUNT, "sha256": Text()}),
        "float": VARIANT,
        "stock": VARIANT,
        "compressed": VARIANT,
        "bundle": Fields({"bytes": COUNT}),
        "drop_points": Number(),
        "agreement": FRACTION,
        "sqnr_db": Number(),
        "budget": Fields({"max_drop_points": Number(), "met": Flag()}),
        "predicted": Fields({"latency_ms": POSITIVE, "low": POSITIVE, "high": POSITIVE, "peak_memory_bytes": COUNT}),
        "findings": Items(FINDING),
        "evaluation": EVALUATION,
        "cost": COST,
        "measured": Fields({"where": Text(), "latency_ms": LATENCY, "peak_memory_bytes": COUNT}),
        "devices": Items(DEVICE),
        "preprocess": Fields({"name": Text(), "reason": Text(), "evidence": Anything()}),
        "labels": Items(Text()),
        "pruning": PRUNING,
        "training": Items(TRAINING),
        "quantization": QUANTIZATION,
        "tried": Items(TRIAL),
        "low_rank": LOW_RANK,
        "weights": WEIGHTS,
        "search": SEARCH,
        "layers": Items(LAYER),
        "steps": Items(Fields({"name": Text(), "seconds": POSITIVE, "detail": Text()})),
        "warnings": Items(Text()),
        "environment": Fields({}),
    },
    required=("schema", "target"),
)
