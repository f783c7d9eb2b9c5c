"""Boxes: mean average precision as COCO defines it, by pycocotools itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError


@dataclass(frozen=True)
class Boxes:
    """The boxes of one image.

    Args:
        corners: float64 [boxes, 4]: top, left, bottom, right, in any unit that all images share.
        classes: int64 [boxes].
        scores: float64 [boxes]; None for those that should be found.
    """

    corners: np.ndarray
    classes: np.ndarray
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class DetectionFigures:
    """COCO's figures, 0 to 1; None where there is nothing to find.

    Args:
        map: mean average precision over classes and the overlaps 0.50, 0.55, … 0.95.
        map50: the same at 0.50 alone.
        map75: the same at 0.75 alone.
        recall: mean recall at 100 boxes an image over those overlaps.
        by_class: `map` of each class that is there.
    """

    map: float | None
    map50: float | None
    map75: float | None
    recall: float | None
    by_class: dict[int, float]


def detection_figures(wanted: Sequence[Boxes], found: Sequence[Boxes], scale: float = 1.0) -> DetectionFigures:
    """Compares found boxes with those that should be found, image by image.

    Args:
        wanted: of each image.
        found: of each image, with scores.
        scale: factor from the boxes' unit to pixels; matters to nothing but COCO's size classes, which are not used.

    Raises:
        InputError: pycocotools is not installed.
    """
    truth = _annotations(wanted, scale)
    if not truth["annotations"]:
        return DetectionFigures(None, None, None, None, {})
    coco, evaluator = _pycocotools()
    known = {one["id"] for one in truth["categories"]}
    results = [one for one in _results(found, scale) if one["category_id"] in known]
    if not results:
        return DetectionFigures(0.0, 0.0, 0.0, 0.0, {one - 1: 0.0 for one in sorted(known)})
    with redirect_stdout(io.StringIO()):  # it talks
        reference = coco()
        reference.dataset = truth
        reference.createIndex()
        run = evaluator(reference, reference.loadRes(results), "bbox")
        run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
        run.evaluate()
        run.accumulate()
    precision, recall = run.eval["precision"], run.eval["recall"]  # [overlaps, recalls, classes, 1, limits]
    best = precision[:, :, :, 0, -1]
    return DetectionFigures(
        _mean(best),
        _mean(best[0]),
        _mean(best[5]),
        _mean(recall[:, :, 0, -1]),
        {category - 1: _mean(best[:, :, place]) or 0.0 for place, category in enumerate(run.params.catIds)},
    )


def _pycocotools() -> tuple[Any, Any]:
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as error:
        raise InputError("mean average precision is measured by pycocotools: pip install pycocotools") from error
    return COCO, COCOeval


def _annotations(images: Sequence[Boxes], scale: float) -> dict[str, Any]:
    """COCO's own form; ids count from 1, because pycocotools takes an id of 0 for no match."""
    rows = [
        {"image_id": image, "category_id": int(kind) + 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        for image, one in enumerate(images, 1)
        for box, kind in zip(_boxes(one, scale), one.classes, strict=True)
    ]
    return {
        "images": [{"id": image} for image in range(1, len(images) + 1)],
        "categories": [{"id": kind} for kind in sorted({int(kind) + 1 for one in images for kind in one.classes})],
        "annotations": [{"id": number, **row} for number, row in enumerate(rows, 1)],
    }


def _results(images: Sequence[Boxes], scale: float) -> list[dict[str, Any]]:
    return [
        {"image_id": image, "category_id": int(kind) + 1, "bbox": box, "score": float(score)}
        for image, one in enumerate(images, 1)
        if one.scores is not None
        for box, kind, score in zip(_boxes(one, scale), one.classes, one.scores, strict=True)
    ]


def _boxes(one: Boxes, scale: float) -> list[list[float]]:
    """left, top, width, height."""
    top, left, bottom, right = (one.corners * scale).T if len(one.corners) else np.zeros((4, 0))
    return np.stack([left, top, right - left, bottom - top], axis=1).tolist()  # type: ignore[no-any-return]


def _mean(values: np.ndarray) -> float | None:
    """Mean of what there is; pycocotools marks what there is not by -1."""
    there = values[values > -1]
    return float(there.mean()) if there.size else None
