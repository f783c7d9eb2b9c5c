"""What weights shall become is said in few words, read back from recipes, and refused where it makes no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.pipeline.options.conversion import RecipeOptions
from edgecomp.pipeline.recipes.plan import make_plan
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.recipes.recipe_file import load_recipe, save_recipe
from edgecomp.pipeline.recipes.weight_passes import (
    CRITERIA,
    ClusterPass,
    CodebookPass,
    parse_cluster,
    parse_codebook,
    parse_sparsity,
)


def planned(**options: Any) -> Recipe:
    return make_plan(RecipeOptions(target="raspberry-pi-4b", **options)).recipe


def again(recipe: Recipe, path: Path) -> Recipe:
    save_recipe(recipe, path)
    return load_recipe(path)


@pytest.mark.parametrize(
    "options",
    [
        {"sparsity": 0.8},
        {"sparsity": "layer=0.123456789", "sparsity_by": "magnitude"},
        {"sparsity": "below=0.01", "sparsity_pattern": "4x1"},
        {"sparsity_pattern": "2:4", "sparsity_by": "random"},
        {"sparsity": 0.5, "sparsity_pattern": "2:4"},
        {"cluster": 16},
        {"cluster": "bits=2.7"},
        {"cluster": "auto", "sparsity": "0.5"},
        {"codebook": "4x256"},
        {"codebook": "2x16"},
    ],
)
def test_a_recipe_is_read_as_it_was_written(options: dict[str, Any], tmp_path: Path) -> None:
    recipe = planned(**options)
    assert again(recipe, tmp_path / "recipe.yaml") == recipe


def test_the_price_that_was_found_is_kept(tmp_path: Path) -> None:
    recipe = planned(cluster="auto")
    assert recipe.cluster is not None
    found = replace(recipe, cluster=replace(recipe.cluster, price=1.2345678901234567e-7))
    assert again(found, tmp_path / "recipe.yaml") == found


@settings(deadline=None)
@given(st.floats(0, 1, exclude_min=True, exclude_max=True), st.sampled_from(["", "layer="]), st.sampled_from(CRITERIA))
def test_any_share_survives_being_written(share: float, scope: str, by: str) -> None:
    given = parse_sparsity(f"{scope}{share}", by)
    said = given.to_dict()
    assert parse_sparsity(said["amount"], said["by"], said["pattern"]) == given


@pytest.mark.parametrize("text", ["0", "1", "-1", "nan", "layer=2", "kernel=0.5", "below=-1", "below=inf", "x", ""])
def test_what_is_no_sparsity_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="how many weights"):
        parse_sparsity(text)


@pytest.mark.parametrize("text", ["1", "256", "2.5", "bits=9", "bits=0.1", "bits=nan", "nan", "auto=1", "inf", "x", ""])
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="share"):
        parse_cluster(text)


@pytest.mark.parametrize("text", ["4", "3x16", "4x1", "4x257", "4x256x2", "4x256x", "8x16", "axb", "", "4x-1"])
def test_what_is_no_codebook_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="codebook"):
        parse_codebook(text)


def test_options_mean_what_they_say() -> None:
    assert parse_cluster(16) == ClusterPass("values", 16.0)
    assert parse_cluster("bits=3") == ClusterPass("bits", 3.0)
    assert parse_cluster("auto") == ClusterPass("auto")
    assert parse_codebook("4x256") == CodebookPass(4, 256)
    assert parse_sparsity("below=0.1").by == "magnitude"
    assert parse_sparsity(None, None, "1:4").pattern.share == 0.75


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sparsity_by": "magnitude"}, "how many"),
        ({"sparsity": 0.7, "sparsity_pattern": "2:4"}, "50%"),
        ({"sparsity": "below=0.1", "sparsity_by": "energy"}, "magnitude"),
        ({"sparsity": 0.5, "sparsity_by": "movement"}, "--train"),
        ({"cluster": 16, "codebook": "4x256"}, "leave one"),
        ({"sparsity": 0.5, "codebook": "4x256"}, "--sparsity"),
        ({"cluster": 16, "scheme": "float32"}, "int8"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        planned(**options)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("cluster", {"values": "16"}),
        ("cluster", {"values": 16, "price": None}),
        ("cluster", {"values": "16", "price": 1.0}),
        ("cluster", {"values": "auto", "price": -1.0}),
        ("sparsify", {"amount": 0.5, "by": "energy", "pattern": "any"}),
        ("sparsify", {"amount": "0.5", "by": "luck", "pattern": "any"}),
        ("codebook", {"size": None}),
    ],
)
def test_a_recipe_that_was_tampered_with_is_refused(name: str, broken: dict[str, Any], tmp_path: Path) -> None:
    import yaml

    data = planned().to_dict()
    data["passes"].insert(len(data["passes"]) - 1, {name: broken})
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=r"recipe\.yaml cannot be used"):
        load_recipe(tmp_path / "recipe.yaml")
