"""What figures are called, and how their values are read."""

from __future__ import annotations

from edgecomp.report.formats import MISSING, percent, shortened, significant

NAME_LIMIT = 80

TITLES = {
    "top1": "Top-1 accuracy",
    "top5": "Top-5 accuracy",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "micro_f1": "Micro F1",
    "calibration_error": "Calibration error",
    "log_loss": "Log loss",
    "false_alarms": "False alarms",
    "misses": "Misses",
    "exact_match": "Exact matches",
    "wrong_labels": "Wrong labels",
    "mean_average_precision": "Mean average precision",
    "average_precision": "Average precision",
    "auc": "AUC",
    "partial_auc": "Partial AUC",
    "miou": "Mean IoU",
    "iou": "IoU",
    "pixel_accuracy": "Pixel accuracy",
    "map": "mAP",
    "map50": "mAP at 0.5",
    "map75": "mAP at 0.75",
    "mse": "Mean squared error",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "r2": "R²",
    "f1": "F1",
}

SHARES_OF_ANSWERS = ("top1", "top5", "accuracy")
"""Shares of right answers: only for these does a count of answers make sense."""

PERCENTAGES = frozenset(
    {*SHARES_OF_ANSWERS, "balanced_accuracy", "false_alarms", "misses", "exact_match", "wrong_labels"}
    | {"pixel_accuracy", "calibration_error"}
)


def title_of(name: str) -> str:
    """A figure's name at the start of a sentence or a row."""
    plain = shortened(name, NAME_LIMIT).replace("_", " ")
    return TITLES.get(name) or (plain[:1].upper() + plain[1:])


def text_of(name: str, value: float | None) -> str:
    """A figure's value: a percentage for a share of answers, else the bare number."""
    if value is None:
        return MISSING
    return percent(value) if name in PERCENTAGES else significant(value, 4).replace("-", "−")
