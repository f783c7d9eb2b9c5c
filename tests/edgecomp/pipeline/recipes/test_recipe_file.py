"""recipe.yaml: what is saved is what is loaded, and anything else is a clear error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.pipeline.recipes.passes import (
    BUDGETS,
    IMPORTANCES,
    RANKINGS,
    RECOVERS,
    LowRankPass,
    PrunePass,
    QuantizePass,
    TrainPass,
)
from edgecomp.pipeline.recipes.recipe import Recipe
from edgecomp.pipeline.recipes.recipe_file import load_recipe, save_recipe
from edgecomp.quantize.schemes import IOS, SCHEMES
from edgecomp.quantize.settings import EFFORTS, RANGE_METHODS, ROUNDINGS, Settings

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")
FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
RECIPES = st.builds(
    Recipe,
    target=TEXT,
    preprocess=TEXT,
    seed=st.integers(0, 2**63),
    remove_dead=st.booleans(),
    remove_silent=st.booleans(),
    prune=st.none()
    | st.builds(
        PrunePass,
        share=st.floats(0.01, 0.99),
        budget=st.sampled_from(BUDGETS),
        importance=st.sampled_from(IMPORTANCES),
        ranking=st.sampled_from(RANKINGS),
        ignore=st.lists(TEXT, max_size=2).map(tuple),
    ),
    low_rank=st.none()
    | st.just(LowRankPass("bayes"))
    | st.builds(
        LowRankPass,
        by=st.sampled_from(("macs", "params", "energy")),
        amount=st.floats(0.01, 0.99),
        ignore=st.lists(TEXT, max_size=2).map(tuple),
    ),
    train=st.none()
    | st.builds(
        TrainPass,
        recover=st.sampled_from(RECOVERS),
        epochs=st.none() | st.integers(1, 10**6),
        time_budget=st.none() | st.floats(0.01, 1e9),
        rounds=st.integers(1, 20),
        qat=st.booleans(),
        steps=st.none()
        | st.lists(
            st.integers(2, 10**6).flatmap(
                lambda n: st.tuples(st.just(n), st.integers(1, n)) | st.tuples(*map(st.just, (n, n - 1, 1, n)))
            ),
            max_size=3,
        ).map(tuple),
    ),
    quantize=st.builds(
        QuantizePass,
        scheme=st.sampled_from(SCHEMES),
        io=st.sampled_from(IOS),
        samples=st.integers(1, 10**6),
        effort=st.sampled_from(EFFORTS),
        settings=st.none()
        | st.builds(
            Settings,
            ranges=st.sampled_from(RANGE_METHODS),
            equalize=st.booleans(),
            bias_correction=st.booleans(),
            rounding=st.sampled_from(ROUNDINGS),
            float_operators=st.lists(TEXT, max_size=3).map(tuple),
            float_outputs=st.booleans(),
        ),
    ),
)
SETTLED = Recipe(
    "raspberry-pi-4b",
    prune=PrunePass(0.5),
    train=TrainPass(time_budget=900.0, steps=((40, 7),)),
    quantize=QuantizePass(settings=Settings(float_operators=("a",))),
)


def _with_steps(*steps: tuple[int, ...]) -> dict[str, Any]:
    assert SETTLED.train is not None
    return replace(SETTLED, train=replace(SETTLED.train, steps=steps)).to_dict()


SOMETHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@FIXTURES
@given(recipe=RECIPES)
def test_a_saved_recipe_loads_as_it_was(recipe: Recipe, tmp_path: Path) -> None:
    save_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


def _paths(data: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [prefix, *(path for key, value in items for path in _paths(value, (*prefix, key)))]


def _replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], value)
    return copy


def _refusal(file: Path) -> str | None:
    try:
        load_recipe(file)
    except InputError as error:
        return str(error)
    return None


@FIXTURES
@given(path=st.sampled_from(_paths(SETTLED.to_dict())), value=SOMETHING)
def test_any_part_replaced_by_anything_loads_or_is_refused(path: tuple[Any, ...], value: Any, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(_replaced(SETTLED.to_dict(), path, value)), encoding="utf-8")
    refusal = _refusal(file)
    assert refusal is None or (str(file) in refusal and "\n" not in refusal)


@FIXTURES
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused_with_the_files_name(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_bytes(data)
    with pytest.raises(InputError) as error:
        load_recipe(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recipe: [1", "line"),
        ("recipe: 1\n\tx: 2", "line 2"),
        ("!!python/object/apply:os.system ['true']", "line 1"),
        ("recipe: 2001-99-99", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("recipe: 9", "version is 9"),
        ("just text", "not a mapping"),
        ("recipe: 1\ntarget: a\npreprocess: none\nseed: 0", "field 'passes' is missing"),
        ("recipe: 1\npasses: [{quantize: {}}, {prune: {}}]", "in this order, remove_dead, remove_silent, prune"),
        ("recipe: 1\npasses: [{prune: {}}]", "only the last is a must"),
        ("recipe: 1\npasses: [{remove_dead: {}, quantize: {}}]", "one name and its options in each item"),
        ("recipe: 1\npasses: [{remove_dead: {rounds: 3}}, {quantize: {}}]", "remove_dead pass has no options"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("share: 0.5", "share: 1.5"), "share is 1.5"),
        *(
            (yaml.safe_dump(_with_steps(steps)), said)
            for steps, said in (
                ((40, 0), "two positive numbers"),
                ((40, 7, 5), "two for each change"),
                ((40, 31, 5, 30), "more done than planned"),
                ((40, 7, 9, 30, 9, 20), "not in order"),
                ((40, 7, 5, 4), "more done than planned"),
                ((40, 7, 45, 60), "behind the last step"),
            )
        ),
        *(
            (yaml.safe_dump(SETTLED.to_dict()).replace("stages: null", f"stages: {stages}"), said)
            for stages, said in (
                ("[]", "stages is"),
                ("[0.4]", "rise to the share, 0.5"),
                ("[0.6, 0.5]", "stages is"),
                ("[0, 0.5]", "stages is"),
                ("[0.4, x]", "stages is"),
                ("0.5", "stages is 0.5, not a list"),
                ("[0.4, 0.5]", "2 stages, which is not how many rounds"),
            )
        ),
        (yaml.safe_dump(SETTLED.to_dict()).replace("budget: macs", "budget: flops"), "budget is 'flops'"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("recover: distill", "recover: hope"), "recover is 'hope'"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("rounds: 1", "rounds: 0"), "rounds is 0"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("time_budget: 900.0", "time_budget: .nan"), "time_budget is nan"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("qat: false", "qat: 0"), "qat is 0"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("- 40", "- 4"), "more done than planned"),
        (yaml.safe_dump(Recipe("a", low_rank=LowRankPass("hope", 0.5)).to_dict()), "by is 'hope'"),
        (yaml.safe_dump(Recipe("a", low_rank=LowRankPass("macs", 1.0)).to_dict()), "amount is 1.0"),
        (yaml.safe_dump(Recipe("a", low_rank=LowRankPass("macs")).to_dict()), "amount is None"),
        (yaml.safe_dump(Recipe("a", low_rank=LowRankPass("bayes", 0.5)).to_dict()), "does not go with 'bayes'"),
        ("recipe: 1\nsed: 1", "unknown field 'sed'"),
        (yaml.safe_dump(Recipe("a", seed=True).to_dict()), "seed is True"),
        (yaml.safe_dump(Recipe("a", quantize=QuantizePass(scheme="int3")).to_dict()), "scheme is 'int3'"),
        (yaml.safe_dump(Recipe("a", quantize=QuantizePass(samples=0)).to_dict()), "samples is 0"),
        (yaml.safe_dump(Recipe("a", quantize=QuantizePass(effort="some")).to_dict()), "effort is 'some'"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("ranges: mse", "ranges: best"), "ranges is 'best'"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("equalize: false", "equalize: 3"), "equalize is 3"),
        (yaml.safe_dump(SETTLED.to_dict()).replace("- a", "- 7"), "a name in float_operators is 7"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        load_recipe(file)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="directory"):
        load_recipe(tmp_path)
