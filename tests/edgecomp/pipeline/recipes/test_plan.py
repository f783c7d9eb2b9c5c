"""Options, recipe and target become one plan; what the device does not run is refused before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.options.conversion import RecipeOptions
from edgecomp.pipeline.recipes.passes import LowRankPass, PrunePass, QuantizePass, TrainPass
from edgecomp.pipeline.recipes.plan import Plan, make_plan
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.recipes.recipe_file import save_recipe
from edgecomp.quantize.settings import Settings
from edgecomp.targets import list_targets


def planned(**options: Any) -> Plan:
    return make_plan(RecipeOptions(**options))


@pytest.mark.parametrize("target", [one.name for one in list_targets()])
def test_every_target_has_a_plan_by_default(target: str) -> None:
    plan = planned(target=target)
    rules = plan.target.model
    assert plan.recipe.quantize.scheme == rules.default_scheme
    assert plan.recipe.quantize.io == rules.default_io
    assert plan.recipe.preprocess == "auto"


def test_options_override_the_recipe_and_the_recipe_the_target(tmp_path: Path) -> None:
    saved = Recipe("linux-x86-64", preprocess="0..1", seed=3, quantize=QuantizePass(io="float", samples=50))
    save_recipe(saved, tmp_path / "recipe.yaml")
    assert planned(recipe=tmp_path / "recipe.yaml").recipe == saved
    assert planned(recipe=saved).recipe == saved
    changed = planned(target="raspberry-pi-5", recipe=saved, samples=7, seed=0, preprocess="none").recipe
    assert changed == Recipe("raspberry-pi-5", preprocess="none", seed=0, quantize=QuantizePass(io="float", samples=7))


@pytest.mark.parametrize("options", [{"scheme": "int8"}, {"io": "int8"}, {"effort": "low"}])
def test_settings_of_a_recipe_are_looked_for_again_where_an_option_decides_them(options: dict[str, str]) -> None:
    saved = Recipe("linux-x86-64", quantize=QuantizePass(settings=Settings(ranges="mse")))
    assert planned(recipe=saved).recipe == saved
    assert planned(recipe=saved, **options).recipe.quantize.settings is None


@pytest.mark.parametrize("scheme", ["float32", "float16", "dynamic"])
def test_schemes_with_float_activations_have_float_edges(scheme: str) -> None:
    assert planned(target="linux-x86-64", scheme=scheme).recipe.quantize.io == "float"


def test_training_is_for_what_pruning_lost_unless_something_else_is_said() -> None:
    assert planned(target="linux-x86-64").recipe.train is None
    assert planned(target="linux-x86-64", prune=0.5, train=True).recipe.train == TrainPass("distill")
    only = planned(target="linux-x86-64", qat=True, train=True).recipe.train
    assert only == TrainPass("none", qat=True)
    chosen = planned(target="linux-x86-64", train=True, recover="labels", epochs=3).recipe.train
    assert chosen == TrainPass("labels", epochs=3)


def test_stages_go_where_there_are_to_be_other_rounds() -> None:
    staged = PrunePass(0.7, stages=(0.5, 0.7))
    saved = Recipe("raspberry-pi-4b", prune=staged, train=TrainPass(time_budget=9.0, rounds=2))
    assert planned(recipe=saved, train=True, time_budget=120.0).recipe.prune == staged
    assert planned(recipe=saved, train=True, rounds=3).recipe.prune == PrunePass(0.7)
    assert planned(recipe=saved, train=True, prune=0.6).recipe.prune == PrunePass(0.6)


def test_a_recipe_keeps_how_long_it_trained_until_an_option_says_otherwise() -> None:
    saved = Recipe("linux-x86-64", prune=PrunePass(0.5), train=TrainPass(time_budget=60.0, steps=((900, 850),)))
    assert planned(recipe=saved, train=True).recipe == saved
    longer = planned(recipe=saved, train=True, time_budget=120.0).recipe.train
    assert longer == TrainPass(time_budget=120.0)
    with pytest.raises(InputError, match="the recipe trains the model: give the samples to train on with --train"):
        planned(recipe=saved)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"qat": True}, "--qat is about training: give the samples to train on with --train"),
        ({"time_budget": 60.0}, "--time-budget is about training"),
        ({"train": True}, "--train has nothing to train for"),
        ({"train": True, "prune": 0.5, "recover": "none"}, "--train has nothing to train for"),
        ({"train": True, "prune": 0.5, "recover": "hope"}, "'hope' is not one of distill, labels, none"),
        ({"train": True, "prune": 0.5, "epochs": 0}, "epochs is 0"),
        ({"train": True, "prune": 0.5, "time_budget": float("nan")}, "the time budget is nan"),
        ({"train": True, "recover": "labels", "rounds": 3}, "--rounds prunes and trains in turn"),
        ({"train": True, "qat": True, "scheme": "float16"}, "--qat trains for int8 files, and the scheme is float16"),
    ],
)
def test_training_that_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        planned(target="linux-x86-64", **options)


def test_a_slow_scheme_is_a_warning() -> None:
    assert "int16x8 has no fast kernels" in planned(target="raspberry-pi-4b", scheme="int16x8").warnings[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "--target NAME"),
        ({"target": "raspbery-pi-4b"}, "raspberry-pi-4b"),
        ({"target": "coral-edgetpu", "scheme": "float32"}, "coral-edgetpu does not run float32; it runs int8"),
        ({"target": "browser", "io": "int8"}, "browser does not take int8"),
        ({"target": "linux-x86-64", "scheme": "float16", "io": "int8"}, "float16 has float inputs and outputs"),
        ({"target": "linux-x86-64", "scheme": "int3"}, "scheme 'int3' is not one of"),
        ({"target": "linux-x86-64", "effort": "some"}, "effort 'some' is not one of"),
        ({"target": "linux-x86-64", "io": "uint8"}, "io 'uint8' is not one of"),
        ({"target": "linux-x86-64", "samples": 0}, "samples is 0"),
        ({"target": "linux-x86-64", "prune": "half"}, "how much to prune from 'half'"),
        ({"target": "linux-x86-64", "prune": 1.0}, "how much to prune from 1.0"),
        ({"target": "linux-x86-64", "prune": "flops=0.5"}, "params=0.5"),
        ({"target": "linux-x86-64", "importance": "l1"}, "--prune 0.5"),
        ({"target": "linux-x86-64", "float_budget": -1}, "float budget is -1"),
        ({"target": "linux-x86-64", "seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_done_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        planned(**options)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("0.5", PrunePass(0.5)), (0.25, PrunePass(0.25)), ("params=0.3", PrunePass(0.3, "params"))],
)
def test_how_much_to_prune_is_a_share_of_something(text: str | float, wanted: PrunePass) -> None:
    assert planned(target="linux-x86-64", prune=text).recipe.prune == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0.3", LowRankPass("macs", 0.3)),
        (0.25, LowRankPass("macs", 0.25)),
        ("params=0.5", LowRankPass("params", 0.5)),
        ("energy=0.9", LowRankPass("energy", 0.9)),
        ("bayes", LowRankPass("bayes")),
    ],
)
def test_how_low_ranks_are_is_a_share_of_something(text: str | float, wanted: LowRankPass) -> None:
    recipe = planned(target="linux-x86-64", low_rank=text, train=True).recipe
    assert recipe.low_rank == wanted
    assert recipe.train == TrainPass("distill")


@pytest.mark.parametrize("text", ["1.0", "0", "half", "flops=0.5", "bayes=0.5", "energy=", "macs=bayes", "nan"])
def test_a_rank_that_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="how low the ranks are to be"):
        planned(target="linux-x86-64", low_rank=text)


def test_low_effort_looks_for_no_dead_channels_unless_told_to() -> None:
    assert planned(target="linux-x86-64").recipe.remove_dead
    assert not planned(target="linux-x86-64", effort="low").recipe.remove_dead
    assert planned(target="linux-x86-64", effort="low", remove_dead=True).recipe.remove_dead
