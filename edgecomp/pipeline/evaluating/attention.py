"""What the files look at in a few samples, in the shape of report.json."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from edgecomp_runtime.contract import InputContract

from ...data import Sample
from ...evaluate.attention.gradcam import gradcam_maps
from ...evaluate.attention.occlusion import MOST_SAMPLES, Looks, cells_of, looked_at
from ...evaluate.attention.similarity import Similarity
from ...evaluate.attention.verdict import likeness, likeness_words
from ...evaluate.changes.changes import Answered, Changes, worth_a_look
from ...evaluate.chunks import Chunk, Feeds
from ...evaluate.parallel import judged_first
from ...evaluate.tasks.figures import class_name
from ..workbench import Workbench
from .pictures import shown
from .setting import Setting

DIGITS = 5
"""Of the figures in maps: a page does not show more."""


def attention_data(
    setting: Setting, changes: Changes, names: Sequence[str], *, seconds: float, bench: Workbench
) -> dict[str, Any] | None:
    """Maps of a few samples: some whose answer changed, and some of several classes whose answer did not.

    Args:
        setting: what is held against what.
        changes: between the two.
        names: of the classes, or empty.
        seconds: that covering parts may take.
        bench: where to run.

    Returns:
        None where there is nothing to cover, or no score that could fall.
    """
    covered = looked_at(setting.contract)
    wanted = worth_a_look(changes, MOST_SAMPLES)
    reference = setting.reference
    if covered is None or reference is None or not wanted:
        return None
    start = time.monotonic()
    there = setting.samples.at([one.position for one in wanted])
    chosen = [(one, there[one.position]) for one in wanted if one.position in there]
    feeds = [_feeds(setting, sample) for _, sample in chosen]
    with bench.steps.step("attention", "what the files look at") as step:
        looks = _looks(setting, feeds, seconds, bench)
        if not looks:
            return None
        in_time = len(looks) == len(chosen)
        gradients = _gradients(setting, covered, feeds, looks) if in_time else None
        step.detail = f"{len(looks)} samples"
    floats, ours = ([one.maps[name] for one in looks] for name in (reference, setting.ours))
    found = likeness(floats, ours)
    with_gradients = None if gradients is None else likeness(floats, gradients)
    return {
        "method": "occlusion",
        "grid": list(floats[0].shape),
        "cells": _cells(covered),
        "asked": len(chosen),
        "done": len(looks),
        "seconds": round(time.monotonic() - start, 2),
        "stopped": None if in_time else "time",
        **_similarity(found.mean),
        "chance": _similarity(found.chance),
        "gradcam": None if with_gradients is None else _similarity(with_gradients.mean),
        "samples": [
            {
                **_sample(one, sample, names, setting),
                "float": _listed(floats[place]),
                "compressed": _listed(ours[place]),
                "gradcam": None if gradients is None else _listed(gradients[place]),
                **_similarity(found.each[place]),
            }
            for place, (one, sample) in enumerate(chosen[: len(looks)])
        ],
        "words": likeness_words(found),
    }


def _sample(one: Answered, sample: Sample, names: Sequence[str], setting: Setting) -> dict[str, Any]:
    return {
        "position": one.position,
        "name": sample.name,
        "label": None if one.label is None else class_name(names, one.label),
        "answer": class_name(names, one.was),
        "changed": one.changed,
        **shown(sample, setting),
    }


def _feeds(setting: Setting, sample: Sample) -> Feeds:
    """One sample in the model's own units."""
    alone = Chunk({name: value[None] for name, value in sample.inputs.items()}, [None], raw=True)
    return alone.normalized(setting.contract).values


def _looks(setting: Setting, feeds: Sequence[Feeds], seconds: float, bench: Workbench) -> list[Looks]:
    """Maps of both files, of as many samples as the time is enough for."""
    looks: list[Looks] = bench.worker.call(
        "edgecomp.evaluate.attention.occlusion:occlusion_maps",
        {name: one for name, one in setting.files.items() if name in (setting.reference, setting.ours)},
        setting.contract,
        threads=bench.threads,
        seconds=seconds,
        samples=feeds,
    )
    return looks


def _gradients(
    setting: Setting, covered: InputContract, feeds: Sequence[Feeds], looks: Sequence[Looks]
) -> list[np.ndarray] | None:
    """Grad-CAM of the float Keras model, where there is one and covered is a picture."""
    grid = cells_of(covered)
    if setting.keras_model is None or grid is None or not grid.photo:
        return None
    stacked = [np.concatenate([one[each.name] for one in feeds]) for each in setting.contract.inputs]
    classes = np.array([one.answer for one in looks], np.int64)
    judged = judged_first(setting.contract)[0]
    try:
        maps = gradcam_maps(setting.keras_model, stacked, classes, grid, output=judged)
    except Exception:  # somebody's own layers, under a tape that they were not made for: an extra, and not worth a run
        return None
    return None if maps is None else list(maps)


def _cells(covered: InputContract) -> list[str] | None:
    """Names of the cells, for inputs that are no pictures: the places along the first axis that each has."""
    grid = cells_of(covered)
    if grid is None or grid.photo:
        return None
    return [
        str(start) if end - start == 1 else f"{start} to {end - 1}"
        for start, end in zip(grid.columns, grid.columns[1:], strict=False)
    ]


def _similarity(found: Similarity) -> dict[str, Any]:
    return {"rank_correlation": found.rank_correlation, "overlap": found.overlap}


def _listed(values: np.ndarray) -> list[list[float]]:
    return [[round(float(one), DIGITS) for one in row] for row in values]
