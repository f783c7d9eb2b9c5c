"""mAP as pycocotools gives it when it is fed COCO's own form by somebody else."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.evaluate.metrics.detection import Boxes, detection_figures

pytest.importorskip("pycocotools")


def boxes(rng: np.random.Generator, count: int, *, scores: bool) -> Boxes:
    start, size = rng.integers(0, 60, (count, 2)), rng.integers(5, 40, (count, 2))
    corners = np.concatenate([start, start + size], axis=1).astype(np.float64)
    return Boxes(corners, rng.integers(0, 3, count), rng.random(count) if scores else None)


def jittered(rng: np.random.Generator, one: Boxes) -> Boxes:
    return Boxes(one.corners + rng.integers(-3, 4, one.corners.shape), one.classes, rng.random(len(one.classes)))


def by_pycocotools(wanted: list[Boxes], found: list[Boxes]) -> tuple[float, float, float]:
    """COCOeval.summarize's own first three figures."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(images: list[Boxes]) -> list[dict[str, Any]]:
        made = []
        for image, one in enumerate(images):
            for place, (top, left, bottom, right) in enumerate(one.corners):
                row = {
                    "image_id": image + 1,
                    "category_id": int(one.classes[place]) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                    "id": len(made) + 1,
                }
                made.append(row | ({"score": float(one.scores[place])} if one.scores is not None else {}))
        return made

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": one + 1} for one in range(len(wanted))],
            "categories": [{"id": one + 1} for one in range(3)],
            "annotations": rows(wanted),
        }
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(rows(found)), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return tuple(run.stats[:3])


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_figures_are_pycocotools_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = [boxes(rng, int(rng.integers(1, 5)), scores=False) for _ in range(4)]
    found = [jittered(rng, one) for one in wanted]
    extra = [boxes(rng, int(rng.integers(0, 3)), scores=True) for _ in range(4)]
    both = [
        Boxes(*(np.concatenate([getattr(a, key), getattr(b, key)]) for key in ("corners", "classes", "scores")))
        for a, b in zip(found, extra, strict=True)
    ]
    figures = detection_figures(wanted, both)
    assert (figures.map, figures.map50, figures.map75) == pytest.approx(by_pycocotools(wanted, both))


def test_the_right_boxes_are_perfect_in_any_unit() -> None:
    rng = np.random.default_rng(0)
    wanted = [boxes(rng, 3, scores=False)]
    found = [Boxes(wanted[0].corners, wanted[0].classes, np.array([0.9, 0.8, 0.7]))]
    assert detection_figures(wanted, found).map == pytest.approx(1.0)
    small = [Boxes(one.corners / 1000, one.classes, one.scores) for one in (wanted[0], found[0])]
    assert detection_figures(small[:1], small[1:], 1000.0).map == pytest.approx(1.0)


def test_nothing_found_is_nought_and_nothing_to_find_is_no_figure() -> None:
    none = Boxes(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
    some = Boxes(np.array([[0, 0, 5, 5.0]]), np.array([1]))
    assert detection_figures([some], [none]).map == 0.0
    assert detection_figures([Boxes(none.corners, none.classes)], [none]).map is None


def test_without_pycocotools_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    some = Boxes(np.array([[0, 0, 5, 5.0]]), np.array([1]), np.array([0.5]))
    with pytest.raises(InputError, match="pip install pycocotools"):
        detection_figures([Boxes(some.corners, some.classes)], [some])
