"""A candidate that goes on from another is what its whole recipe gives from the start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.pipeline.options.searching import SearchOptions
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.recipes.recipe_file import recipe_from
from edgecomp.pipeline.search import prepared_for
from edgecomp.pipeline.searching.candidate import Candidate, Kitchen
from edgecomp.pipeline.searching.proposals import continued, pruned
from edgecomp.worker import Worker

LONG = 1000.0
"""Seconds; the epochs end sooner."""


@pytest.fixture(scope="module")
def kitchen(shared_worker: Worker, table: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kitchen]:
    options = SearchOptions(
        target="raspberry-pi-4b", train=table.train, epochs=2, preprocess="none", out=tmp_path_factory.mktemp("search")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.pipeline.search.Worker", lambda **_: nullcontext(shared_worker))
        with prepared_for(str(table.model), options) as ready:
            yield ready.kitchen


@pytest.fixture(scope="module")
def first(kitchen: Kitchen) -> Candidate:
    return kitchen.carry_out(pruned(kitchen.plan.recipe, "macs", 0.4, "global", seconds=LONG))


def further(kitchen: Kitchen, first: Candidate, share: float, seconds: float = LONG) -> Recipe:
    return replace(continued(first.outcome.recipe, share, seconds), quantize=kitchen.plan.recipe.quantize)


@pytest.mark.parametrize("share", [0.6, 0.4])
def test_going_on_gives_the_file_that_the_whole_recipe_gives(kitchen: Kitchen, first: Candidate, share: float) -> None:
    before = [one.copy() for one in first.shrunk.model.model.keras_model.get_weights()]

    second = kitchen.carry_out(further(kitchen, first, share), first)
    at_once = kitchen.carry_out(second.outcome.recipe)

    assert at_once.compressed.file == second.compressed.file
    assert second.compressed.file != first.compressed.file
    assert second.shrunk.rounds[0] is first.shrunk.rounds[0]
    assert (second.shrunk.rounds[1].plan is not None) == (share > 0.4)
    for one, other in zip(before, first.shrunk.model.model.keras_model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_recipe_survives_its_file(kitchen: Kitchen, first: Candidate) -> None:
    recipe = further(kitchen, first, 0.6)

    assert recipe_from(recipe.to_dict()) == recipe
    assert recipe.prune is not None
    assert recipe.prune.stages == (0.4, 0.6)


def test_only_what_is_left_of_the_time_is_trained(kitchen: Kitchen, first: Candidate, tmp_path: Path) -> None:
    second = kitchen.carry_out(further(kitchen, first, 0.5, seconds=0.1), first)

    steps = second.outcome.recipe.train
    assert steps is not None
    assert steps.steps is not None
    assert steps.steps[1][0] < steps.steps[0][0]
