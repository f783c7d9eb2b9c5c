"""What `edgecomp evaluate` prints for people."""

from __future__ import annotations

from typing import Any

MOST_CLASSES = 5
MOST_FLIPS = 3

_SHARES = ("top1", "top5", "micro_f1", "macro_f1", "miou", "map", "auc", "partial_auc", "balanced_accuracy")
_TITLES = {
    "top1": "right",
    "top5": "right among the first five",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "calibration_error": "calibration error",
    "log_loss": "log loss",
    "miou": "mean IoU",
    "map": "mAP",
    "map50": "mAP at 0.5",
    "map75": "mAP at 0.75",
    "auc": "AUC",
    "partial_auc": "partial AUC",
}


def lines(result: dict[str, Any]) -> list[str]:
    """The result as lines of text.

    Args:
        result: as `pipeline.evaluate.evaluate_files` gives it.
    """
    against = result["against"]
    told = [f"{result['file']}: {_metric(result)}"]
    told += _figures(result)
    if against:
        told.append(f"{against['file']}: {_metric(against)}")
        told += _against(result, against["file"])
        told += _looked_at(result)
    told += _weak_classes(result)
    told += [f"worth: {one['words']}" for one in (result.get("cost") or {}).get("scenarios", ())]
    robustness, stream = result.get("robustness"), result.get("stream")
    if robustness:
        told += [_curve(one) for one in robustness["curves"]]
        told += [robustness["words"]] if robustness["words"] else []
    if stream:
        told.append(f"stream: {stream['words']}")
    told += [f"mistake: {one}" for one in result["diagnosis"]]
    told.append(f"preprocessing: {result['preprocess']['name']} ({result['preprocess']['reason']})")
    return told + [f"warning: {warning}" for warning in result["warnings"]]


def _metric(found: dict[str, Any]) -> str:
    metric = found["metric"]
    if metric is None:
        why = "the figure is not defined on these samples" if found.get("figures") else "the samples have no labels"
        return f"accuracy not measured: {why}"
    name, interval = metric["name"], found.get("interval")
    if name == "top1":
        sure = f" (95%: {interval[0]:.2%} to {interval[1]:.2%})" if interval else ""
        return f"{metric['value']:.2%} right of {metric['n']}{sure}"
    sure = f" (95%: {_value(name, interval[0])} to {_value(name, interval[1])})" if interval else ""
    return f"{_figure(name, metric['value'])} over {metric['n']}{sure}"


def _figures(result: dict[str, Any]) -> list[str]:
    known = {name: value for name, value in (result.get("figures") or {}).items() if value is not None}
    return [", ".join(_figure(name, value) for name, value in known.items())] if known else []


def _against(result: dict[str, Any], name: str) -> list[str]:
    told = []
    if result["agreement"] is not None:
        told.append(f"same answer as {name}: {result['agreement']:.2%} of {result['n']}")
    if result["sqnr_db"] is not None:
        told.append(f"signal to noise against {name}: {result['sqnr_db']:.1f} dB")
    comparison = result["comparison"]
    if comparison["divergence"] is not None:
        told.append(f"divergence from {name}: {comparison['divergence']:.3g} nats")
    if comparison["flips"]:
        shown = [f"{one['from']} to {one['to']} ({one['count']})" for one in comparison["flips"][:MOST_FLIPS]]
        more = ", …" if len(comparison["flips"]) > MOST_FLIPS else ""
        told.append(f"answers that changed: {', '.join(shown)}{more}")
    return [*told, *comparison["words"]]


def _looked_at(result: dict[str, Any]) -> list[str]:
    """Which samples changed, and whether both models see the same in them."""
    changes, attention = result.get("changes"), result.get("attention")
    told = []
    if changes and changes["changed"]:
        first = ", ".join(_changed(one) for one in changes["samples"][:MOST_FLIPS])
        more = ", …" if changes["changed"] > MOST_FLIPS else ""
        told.append(f"{changes['words']} {first}{more}")
    if attention:
        told.append(attention["words"])
    return told


def _changed(one: dict[str, Any]) -> str:
    was, became = (
        answer if score is None else f"{answer} {score:.0%}"
        for answer, score in ((one["was"], one["was_score"]), (one["became"], one["became_score"]))
    )
    return f"{one['name']}: {was}, now {became}"


def _weak_classes(result: dict[str, Any]) -> list[str]:
    """The classes with the least F1 (or overlap), where there are differences worth a line."""
    classes = [one for one in result.get("classes") or [] if one.get("n", 1)]
    key = next((key for key in ("f1", "iou", "map") if classes and key in classes[0]), None)
    if key is None or len(classes) < 3:
        return []
    weak = [one for one in sorted(classes, key=lambda one: float(one[key])) if one[key] < 1][:MOST_CLASSES]
    title = {"f1": "F1", "iou": "IoU", "map": "mAP"}[key]
    shown = ", ".join(f"{one['name']} {one[key]:.3f}" for one in weak)
    return [f"weakest classes by {title}: {shown}"] if weak else []


def _curve(curve: dict[str, Any]) -> str:
    points = " ".join(f"{one['strength']:.3g}: {_both(one)}" for one in curve["points"])
    return f"{curve['name']} ({curve['unit']}) {points}"


def _both(point: dict[str, Any]) -> str:
    """Ours, and the reference's behind a stroke; agreement where there are no labels."""
    if point["value"] is None:
        return "–" if point["agreement"] is None else f"{point['agreement']:.1%}"
    other = point["against"]["value"]
    return f"{point['value']:.3g}" + ("" if other is None else f"/{other:.3g}")


def _figure(name: str, value: float) -> str:
    return f"{_TITLES.get(name, name.replace('_', ' '))} {_value(name, value)}"


def _value(name: str, value: float) -> str:
    return f"{value:.4f}" if name in _SHARES else f"{value:.6g}"
