"""A report of an evaluation: what `edgecomp evaluate --json` prints, in the shape that pages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgecomp.report.subject import EVALUATION

FIGURES = ("metric", "interval", "interval_method", "figures", "classes", "confusion")
FOUND = ("task", "n", "comparison", "changes", "attention", "samples_hidden", "robustness", "stream", "diagnosis")


def evaluation_report(result: Mapping[str, Any]) -> dict[str, Any]:
    """Turns the result of an evaluation into a report.

    Args:
        result: as `edgecomp.evaluate_files` gives it.

    Returns:
        a report that `validate_report` accepts; the file that was evaluated is `compressed` there, the one that it was
        held against `float`.
    """
    against = result.get("against")
    comparison: Mapping[str, Any] = result.get("comparison") or {}
    drop, allowed = comparison.get("drop"), comparison.get("max_drop_points")
    files = {"compressed": _figures(result)} | ({"float": _figures(against)} if against else {})
    return {
        "schema": 1,
        "kind": EVALUATION,
        "target": f"{result['n']:,} samples",
        "source": {"path": result["file"]},
        "against": against["file"] if against else None,
        "float": {"metric": against.get("metric")} if against else None,
        "compressed": {"metric": result.get("metric")},
        "drop_points": None if drop is None else 100 * drop,
        "agreement": result.get("agreement"),
        "sqnr_db": result.get("sqnr_db"),
        "budget": None if allowed is None else {"max_drop_points": allowed, "met": comparison.get("within_budget")},
        "evaluation": {**{key: result.get(key) for key in FOUND}, "files": files},
        "cost": result.get("cost"),
        "preprocess": result.get("preprocess"),
        "warnings": result.get("warnings"),
    }


def _figures(side: Mapping[str, Any]) -> dict[str, Any]:
    return {key: side.get(key) for key in FIGURES}
