"""The staged search of a conversion, on a simulated network whose losses are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.options.conversion import RecipeOptions
from edgecomp.pipeline.recipes.plan import Plan, make_plan
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.searching.candidate import Candidate, Outcome
from edgecomp.pipeline.searching.choose import Choice, choose
from edgecomp.pipeline.searching.jury import Judged
from edgecomp.pipeline.searching.table import Wanted
from edgecomp.planner.limits import Figures, Limits

MINUTES = 15 * 60.0


@dataclass
class Simulation:
    """Stands in for a kitchen: what a recipe comes to is computed, and takes time on a clock of its own.

    Args:
        power: with which losses fall with time.
        hardness: points lost at two thirds after all the time; ten times as many at one.
        prunable: the largest share that can go.
        integers: points that integers cost by themselves.
    """

    plan: Plan
    power: float = 1.0
    hardness: float = 0.6
    prunable: float = 1.0
    integers: float = 0.1
    clock: float = 0.0
    recipes: list[Recipe] = field(default_factory=list)

    @property
    def original(self) -> Any:
        return SimpleNamespace(model=SimpleNamespace(keras_model=object()))

    def carry_out(self, recipe: Recipe, after: Candidate | None = None) -> Candidate:
        share = recipe.prune.share if recipe.prune else 0.0
        if share > self.prunable:
            raise InputError("so much cannot go")
        seconds = recipe.train.time_budget if recipe.train else None
        loss = 0.0
        if share:
            loss = self.hardness * 10 ** ((share - 0.66) * 3) * (MINUTES / (seconds or 0.5)) ** self.power
        loss = min(90.0, loss) + self.integers
        spent = after.outcome.recipe.train.time_budget if after and after.outcome.recipe.train else 0.0
        took = (seconds or 0.0) - (spent or 0.0) + 5.0
        self.clock += took
        self.recipes.append(recipe)
        figures = Figures(loss, 10 * (1 - share), int(100_000 * (1 - share) + 5_000), 1000)
        outcome = Outcome(recipe, figures, Judged(loss, loss - 0.5, loss + 0.5, 0.9), took)
        shrunk = SimpleNamespace(model=SimpleNamespace(file=loss - self.integers))
        return Candidate(outcome, self.plan, shrunk, None, None)  # type: ignore[arg-type]

    def most_share(self, recipe: Recipe) -> float:
        assert recipe.prune is not None
        return self.prunable

    def judge(self, file: float) -> Judged:  # what stands in for a file is its loss
        return Judged(file, None, None, None)


@pytest.fixture
def simulation() -> Any:
    def made(**options: Any) -> Simulation:
        training = {"train": "x", "recover": "distill", "time_budget": MINUTES}
        return Simulation(make_plan(RecipeOptions(target="raspberry-pi-4b", **training)), **options)

    return made


def run(kitchen: Simulation, *, train: bool = True, goal: str = "latency", **limits: Any) -> Choice:
    wanted = Wanted(goal, Limits(**limits), MINUTES)  # type: ignore[arg-type]
    return choose(kitchen, wanted, train=train, now=lambda: kitchen.clock)  # type: ignore[arg-type]


@pytest.mark.parametrize(("power", "close"), [(0.9, 0.35), (1.2, 0.15), (1.5, 0.2)])
@pytest.mark.parametrize("hardness", [0.02, 0.3, 1.0])
def test_it_finds_about_the_boldest_share_that_keeps_the_budget_in_the_time(
    simulation: Any, power: float, close: float, hardness: float
) -> None:
    kitchen = simulation(power=power, hardness=hardness)

    choice = run(kitchen, max_drop=1.0)

    assert choice.met
    assert kitchen.clock <= 1.05 * MINUTES
    ideal = next(
        share / 100
        for share in range(97, 0, -1)
        if kitchen.hardness * 10 ** ((share / 100 - 0.66) * 3) * (1 / 0.62) ** power + kitchen.integers <= 0.7
    )
    assert choice.candidate.outcome.recipe.prune is not None
    assert choice.candidate.outcome.recipe.prune.share == pytest.approx(ideal, abs=close)


def test_most_of_the_time_goes_to_one_training(simulation: Any) -> None:
    kitchen = simulation()

    run(kitchen, max_drop=1.0)

    assert max(one.train.time_budget for one in kitchen.recipes if one.train) > MINUTES / 2


def test_where_the_main_training_misses_the_budget_gentler_ones_follow(simulation: Any) -> None:
    kitchen = simulation(hardness=0.3)
    honest = kitchen.carry_out

    def treacherous(recipe: Recipe, after: Candidate | None = None) -> Candidate:
        worse = recipe.train is not None and recipe.train.time_budget > MINUTES / 3
        kitchen.hardness = 30.0 if worse else 0.3
        return honest(recipe, after)

    kitchen.carry_out = treacherous

    choice = run(kitchen, max_drop=1.0)

    assert choice.met
    assert choice.candidate.figures.loss_points <= 1.0
    assert choice.candidate.outcome.recipe.prune is not None


def test_where_nothing_can_be_pruned_the_network_stays_as_it_is(simulation: Any) -> None:
    choice = run(simulation(prunable=0.0), max_drop=1.0)

    assert choice.met
    assert choice.candidate.outcome.recipe.prune is None


def test_a_budget_that_even_the_untouched_network_misses_is_not_met(simulation: Any) -> None:
    choice = run(simulation(integers=3.0), max_drop=1.0)

    assert not choice.met


def test_training_goes_on_with_integers_in_place_where_they_alone_cost_much(simulation: Any) -> None:
    dear, cheap = simulation(integers=0.5), simulation(integers=0.05)
    for kitchen in (dear, cheap):
        run(kitchen, max_drop=1.0)

    assert any(one.train and one.train.qat for one in dear.recipes)
    assert not any(one.train and one.train.qat for one in cheap.recipes)


def test_a_limit_of_size_alone_takes_no_more_than_it_must(simulation: Any) -> None:
    choice = run(simulation(), goal="size", max_bytes=60_000)

    assert choice.met
    assert 52_000 < choice.candidate.figures.bytes <= 60_000


def test_limits_of_size_and_accuracy_together_are_both_kept(simulation: Any) -> None:
    choice = run(simulation(hardness=0.2), max_drop=1.0, max_bytes=55_000)

    assert choice.met
    assert choice.candidate.figures.bytes <= 55_000
    assert choice.candidate.figures.loss_points <= 1.0


def test_a_size_that_cannot_be_reached_is_an_error_before_anything_is_trained(simulation: Any) -> None:
    kitchen = simulation()

    with pytest.raises(InputError, match="that pruning can make"):
        run(kitchen, max_drop=1.0, max_bytes=2_000)
    assert all(one.train is None for one in kitchen.recipes)


def test_without_training_it_prunes_while_the_budget_lasts(simulation: Any) -> None:
    kitchen = simulation(hardness=0.0005)

    choice = run(kitchen, train=False, max_drop=2.0)

    assert choice.met
    assert all(one.train is None for one in kitchen.recipes)
    kept = [one for one in choice.tried if one.outcome.figures.loss_points <= 2.0]
    assert choice.candidate.figures.latency == min(one.outcome.figures.latency for one in kept)


def test_without_training_finer_numbers_are_tried_where_integers_lose_too_much(simulation: Any) -> None:
    kitchen = simulation(integers=5.0)

    run(kitchen, train=False, max_drop=1.0)

    assert {"float16", "dynamic"} <= {one.quantize.scheme for one in kitchen.recipes}
    assert {one.quantize.float_budget for one in kitchen.recipes} >= {10.0, 30.0, 100.0}


def test_what_keeps_the_budget_easily_is_pruned_further_with_the_time_that_is_left(simulation: Any) -> None:
    kitchen = simulation(power=1.0, hardness=0.3)

    choice = run(kitchen, max_drop=1.0)

    recipe = choice.candidate.outcome.recipe
    assert recipe.prune is not None
    assert recipe.prune.stages is not None
    first, last = recipe.prune.stages
    assert first < last == recipe.prune.share
    assert recipe.train is not None
    assert recipe.train.rounds == 2
    assert kitchen.clock <= 1.05 * MINUTES
