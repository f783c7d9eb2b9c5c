"""A report with everything in it, for pages to be looked at: plausible figures of a network that reads digits."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

N = 540
NAMES = [str(digit) for digit in range(10)]
CURVES = {
    "noise": ("standard deviation, share of the range", (0.02, 0.05, 0.1, 0.15, 0.2), 0.016),
    "blur": ("standard deviation, pixels", (0.5, 1.0, 1.5, 2.0, 3.0), 0.001),
    "brightness": ("added, share of the range", (0.1, 0.2, 0.3, 0.4, 0.5), 0.002),
    "contrast": ("share of it that is lost", (0.2, 0.4, 0.6, 0.75, 0.9), 0.002),
}


def full_report(*, diagnosis: tuple[str, ...] = ()) -> dict[str, Any]:
    """Everything that a conversion can find, and perhaps mistakes."""
    return {
        "schema": 1,
        "created_by": "edgecomp 0.1.0",
        "target": "raspberry-pi-4b",
        "source": {"path": "digits.keras", "format": "keras", "params": 68_442, "sha256": "8cc55129" * 8},
        "float": _file(276_608, 0.987, 0.0517, agreement=1.0),
        "stock": _file(79_680, 0.9796, 0.0161, agreement=0.98, sqnr_db=27.7),
        "compressed": {**_file(79_552, 0.9815, 0.0157), "scheme": "int8", "io": "int8", "sha256": "0a735cb8" * 8},
        "bundle": {"bytes": 266_244},
        "drop_points": 0.55,
        "agreement": 0.987,
        "sqnr_db": 31.2,
        "budget": {"max_drop_points": 1.0, "met": True},
        "predicted": {"latency_ms": 0.237, "low": 0.176, "high": 0.32, "peak_memory_bytes": 81_792},
        "devices": [
            {
                "host": "kitchen",
                "machine": "Raspberry Pi 4B",
                "latency_ms": {"p50": 0.25, "valid": True},
                "verified": True,
            },
            {"host": "attic", "machine": "Raspberry Pi 3B+", "latency_ms": {"p50": 0.61, "valid": False}},
        ],
        "findings": [
            {
                "severity": "warning",
                "what": "XNNPACK cuts the model in 2 parts",
                "remedy": "move the pooling",
                "layers": ["p"],
            },
            {"severity": "note", "what": "24 channels fill no kernel", "remedy": "take 32", "layers": ["conv2d_1"]},
        ],
        "evaluation": _evaluation(diagnosis),
        "cost": _cost(),
        "tried": [
            {"settings": {"ranges": "minmax"}, "error_db": 28.0, "agreement": 0.98, "seconds": 0.4},
            {"settings": {"ranges": "mse"}, "error_db": 33.5, "agreement": 0.994, "seconds": 0.9, "kept": True},
        ],
        "quantization": {"effort": "normal", "held_out": 50, "reason": "closest to the float model"},
        "training": [_training()],
        "pruning": {
            "dead_channels": 3,
            "dead": [{"layer": "bn_1", "reason": "its scale is zero", "channels": 3}],
            "removed_channels": 40,
            "layers": [{"name": "conv2d_1", "before": 32, "after": 24, "macs_before": 9000, "macs_after": 7000}],
        },
        "low_rank": {
            "macs": {"before": 235_200, "after": 21_680},
            "layers": [{"name": "dense", "is": "784 x 300", "becomes": "784 x 20 x 300", "kept": 0.987}],
        },
        "weights": {
            **{"bits_per_weight": 1.93, "zeros": 0.8, "transport_bytes": 41_000},
            "layers": [{"layer": "dense", "weights": 9000, "zeros": 7200, "values": 16, "bits_per_weight": 1.9}],
        },
        "search": _search(),
        "layers": [_layer(place) for place in range(24)],
        "steps": [
            {"name": "export", "seconds": 2.5, "detail": "within 2e-6 of the original"},
            {"name": "q", "seconds": 0.1},
        ],
        "preprocess": {"name": "0..1", "reason": "the model answers labelled samples clearly best with it"},
        "labels": NAMES,
        "recipe": {"passes": [{"name": "quantize", "scheme": "int8"}]},
        "warnings": ["3 calibration samples stand off from all others and were left out of the ranges: x[4], x[90]."],
        "environment": {"cpu": "AMD EPYC", "cpus": 2, "threads": 2, "engine": "ai_edge_litert"},
    }


def _file(size: int, accuracy: float, p50: float, **more: Any) -> dict[str, Any]:
    spans = {"p50": {"low": 0.96 * p50, "high": 1.08 * p50, "confidence": 0.94}}
    return {
        "bytes": size,
        "gzip_bytes": int(0.9 * size),
        "params": 67_818,
        "macs": 5_198_464,
        "metric": {"name": "top1", "value": accuracy, "n": N},
        "latency_ms": {"p50": p50, "p90": 1.3 * p50, "runs": 550, "valid": True, "intervals": spans},
        **more,
    }


def _layer(place: int) -> dict[str, Any]:
    own = 37.0 + 7 * abs(np.sin(place))
    bars = np.exp(-np.linspace(0, 6, 64)) * 9000
    return {
        "name": f"conv2d_{place}",
        "op": "CONV_2D",
        "dtype": "int8",
        "macs": 30_000 * (1 + place % 5),
        "bytes": 900 * (place + 1),
        "sqnr_db": own - 0.4 * (place % 9),
        "own_sqnr_db": own,
        "tensor": f"network/block_{place}/Relu;network/block_{place}/batchnorm",
        "range": [0.0, 6.0],
        "representable": [0.0, 5.4],
        "clipped_share": 0.0004 * (place % 3),
        "histogram": {"low": 0.0, "high": 6.0, "counts": bars.astype(int).tolist()} if place in (3, 7, 16) else None,
    }


def _evaluation(diagnosis: tuple[str, ...]) -> dict[str, Any]:
    return {
        "task": "classification",
        "n": N,
        "files": {"float": _answers(0.987), "compressed": _answers(0.9815)},
        "comparison": {
            **{"n": N, "both": 529, "lost": 4, "won": 1, "drop": 0.0055, "low": -0.0042, "high": 0.0167, "p": 0.375},
            **{"max_drop_points": 1.0, "within_budget": True, "samples_needed": 3120, "divergence": 0.0041},
            "flips": [{"from": "3", "to": "5", "count": 3}, {"from": "9", "to": "4", "count": 2}],
            "words": ["0.56 points are lost (95%: -1.67 to +0.42); that may be chance."],
        },
        "changes": {
            "n": N,
            "changed": 7,
            "words": "7 of 540 answers changed (1.3%), most of them from 3.",
            "classes": [
                {
                    "name": "3",
                    "n": 54,
                    "changed": 4,
                    "share": 0.074,
                    "became": [{"name": "5", "count": 3}],
                    "lost": 3,
                    "won": 0,
                },
                {
                    "name": "9",
                    "n": 50,
                    "changed": 2,
                    "share": 0.04,
                    "became": [{"name": "4", "count": 2}],
                    "lost": 1,
                    "won": 1,
                },
            ],
            "samples": [_changed(place) for place in range(5)],
        },
        "attention": {
            **{"method": "occlusion", "grid": [8, 8], "asked": 8, "done": 3, "seconds": 1.7, "stopped": "time"},
            **{"rank_correlation": 0.94, "overlap": 0.81, "chance": {"rank_correlation": 0.1, "overlap": 0.12}},
            "samples": [_mapped(place) for place in range(3)],
            "words": "Both look at the same things: their maps rank the parts of a picture alike.",
        },
        "robustness": {
            "samples": 200,
            "curves": [_curve(*one) for one in CURVES.items()],
            "words": "Compression makes it more fragile to noise (from 0.05); on clean inputs 0.4 points are lost.",
        },
        "stream": {"stable": True, "words": "10000 inferences: the same input gave the same output every time."},
        "diagnosis": list(diagnosis),
    }


def _answers(accuracy: float) -> dict[str, Any]:
    spread = [accuracy - 0.004 * place for place in range(10)]
    return {
        "metric": {"name": "top1", "value": accuracy, "n": N},
        "interval": [accuracy - 0.015, accuracy + 0.011],
        "interval_method": "wilson",
        "figures": {
            "balanced_accuracy": accuracy,
            "macro_f1": accuracy,
            "calibration_error": 1 - accuracy,
            "log_loss": 0.05,
        },
        "classes": [
            {"name": name, "n": 54, "precision": one, "recall": one, "f1": one}
            for name, one in zip(NAMES, spread, strict=True)
        ],
    }


def _curve(name: str, how: tuple[str, tuple[float, ...], float]) -> dict[str, Any]:
    unit, strengths, each = how
    points = []
    for place, strength in enumerate((0.0, *strengths)):
        reference = 0.987 - 0.012 * place**1.9
        lost = 0.004 + each * place
        value = reference - lost
        points.append(
            {
                "strength": strength,
                "value": value,
                "interval": [value - 0.04, min(1.0, value + 0.03)],
                "against": {"value": reference, "interval": [reference - 0.04, min(1.0, reference + 0.03)]},
                "drop": [lost, lost - 0.012, lost + 0.013],
                "agreement": 1 - 1.4 * lost,
            }
        )
    return {"name": name, "unit": unit, "points": points}


def _changed(place: int) -> dict[str, Any]:
    return {
        **{"position": place, "name": f"photos/3/img_{place}.png", "label": "3", "was": "3", "became": "5"},
        **{"was_score": 0.93 - 0.06 * place, "became_score": 0.51, "was_right": place != 2, "became_right": place == 2},
        **{"image": _picture(place), "width": 28, "height": 28, "summary": []},
    }


def _mapped(place: int) -> dict[str, Any]:
    heat = np.clip(np.random.default_rng(place).normal(0.2, 0.4, (8, 8)), -0.2, 1).tolist()
    return {
        **{"position": place, "name": f"photos/7/img_{place}.png", "answer": "7", "changed": place == 1},
        **{"image": _picture(place), "width": 28, "height": 28, "rank_correlation": 0.96, "overlap": 0.85},
        **{"float": heat, "compressed": heat, "gradcam": heat},
    }


def _picture(seed: int) -> str:
    rows, columns = np.mgrid[:28, :28]
    ring = np.abs(np.hypot(rows - 14, columns - 10 - seed) - 8) < 2
    file = io.BytesIO()
    Image.fromarray(np.uint8(235 * ring)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _cost() -> dict[str, Any]:
    part = {"name": "latency", "weight": 0.6, "gain": 2.57, "factor": 1.76}
    return {
        "quantities": [
            {"name": "accuracy", "title": "Accuracy", "unit": "points", "value": 0.55, "source": "540 samples"},
            {
                "name": "latency",
                "title": "Latency",
                "unit": "ms",
                "value": 0.237,
                "reference": 0.61,
                "gain": 2.57,
                "source": "predicted",
            },
            {"name": "energy", "title": "Energy", "unit": "mJ"},
        ],
        "scenarios": [
            {
                "name": name.lower(),
                "title": name,
                "score": score,
                "covered": 0.85,
                "missing": ["energy"],
                "parts": [part],
            }
            for name, score in (("Phone", 1.51), ("Camera on a battery", 2.31), ("Car", 0.92), ("Gateway", 1.74))
        ],
    }


def _search() -> dict[str, Any]:
    points = [
        {
            **{"name": f"candidate {place}", "kind": "candidate", "summary": f"int8, {place}0% pruned", "stage": 1},
            **{"loss_points": 0.1 * place**1.5, "latency": 0.5 / (1 + 0.3 * place), "bytes": 80_000 - 4_000 * place},
            **{"agreement": 0.99 - 0.01 * place, "front": place % 3 != 2, "chosen": place == 4},
        }
        for place in range(9)
    ]
    limits = {"max_drop_points": 1.0, "max_bytes": 80_000}
    judged = {"set": "evaluation", "n": 270, "measure": "accuracy"}
    return {
        **{"goal": "latency", "limits": limits, "met": True, "latency_unit": "ms", "judged_on": judged},
        **{"seconds": 61.0, "points": points},
    }


def _training() -> dict[str, Any]:
    return {
        **{
            "name": "round 1",
            "metric": "accuracy",
            "held": 200,
            "before": 0.71,
            "after": 0.975,
            "best": 5,
            "seconds": 61.0,
        },
        "history": [{"epoch": place, "value": 0.975 - 0.26 / (1 + place) ** 2} for place in range(7)],
    }
