"""`edgecomp convert --plan`: what pruning would remove, and nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgecomp.cli.main import cli
from edgecomp.errors import InputError
from edgecomp.pipeline.recipes.passes import PrunePass, TrainPass
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.recipes.recipe_file import save_recipe
from edgecomp.pipeline.recipes.weight_passes import parse_sparsity

from .networks import network


def test_the_plan_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    network().save(tmp_path / "model.keras")
    options = ["convert", str(tmp_path / "model.keras"), "--target", "raspberry-pi-4b", "--plan"]
    shown = CliRunner().invoke(cli, [*options, "--prune", "params=0.4", "--importance", "l2"])
    assert shown.exit_code == 0, shown.output
    assert "wide" in shown.stdout
    assert "% of the parameters" in shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras"]
    with pytest.raises(InputError, match="say how much"):
        CliRunner().invoke(cli, options, catch_exceptions=False)
    with pytest.raises(InputError, match="add --data"):
        CliRunner().invoke(cli, [*options, "--prune", "0.4"], catch_exceptions=False)


def test_a_recipe_that_trains_is_planned_without_samples(tmp_path: Path) -> None:
    network().save(tmp_path / "model.keras")
    recipe = Recipe(
        "raspberry-pi-4b",
        prune=PrunePass(0.5, "params", "l2", stages=(0.3, 0.5)),
        sparsify=parse_sparsity("0.5", "movement"),
        train=TrainPass(recover="distill", rounds=2, qat=True),
    )
    save_recipe(recipe, tmp_path / "recipe.yaml")
    options = ["convert", str(tmp_path / "model.keras"), "--recipe", str(tmp_path / "recipe.yaml"), "--plan"]
    shown = CliRunner().invoke(cli, options, catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert "wide" in shown.stdout
    assert "% of the parameters" in shown.stdout
