"""`convert` with a goal: on a real network, with real files, from the samples to the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import BudgetError, InputError
from edgecomp.pipeline.convert import convert
from edgecomp.pipeline.options.conversion import ConvertOptions
from edgecomp.pipeline.searching.asked import wanted_of
from edgecomp.pipeline.searching.search_data import noise_note
from edgecomp.report import validate_report
from edgecomp.worker import Worker


@pytest.fixture(scope="module")
def run(shared_worker: Worker) -> Any:
    """`convert` with the shared worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))
        yield lambda model, **options: convert(model, **{"target": "raspberry-pi-4b", "preprocess": "none", **options})


@pytest.fixture(scope="module")
def found(run: Callable[..., Any], table: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One search with training, looked at by several tests."""
    out = tmp_path_factory.mktemp("found") / "result"
    return run(
        str(table.model), train=table.train, evaluation=table.test, max_drop=6.0, time_budget=12.0, samples=60, out=out
    )


@pytest.mark.slow
def test_it_prunes_trains_and_keeps_the_budget(found: Any) -> None:
    search = found.report["search"]

    assert found.recipe.prune is not None
    assert found.recipe.train.steps
    assert found.drop_points <= 6.0
    assert found.report["compressed"]["macs"] < 0.8 * found.report["float"]["macs"]
    assert search["met"]
    assert search["judged_on"] == {"set": "training", "n": 150, "measure": "top1"}
    assert found.report["judged_on"]["n"] == 600


@pytest.mark.slow
def test_the_report_has_every_point_with_its_recipe_and_marks_the_front(found: Any) -> None:
    search = found.report["search"]
    points = {one["name"]: one for one in search["points"]}

    validate_report(json.loads((found.folder / "report.json").read_text()))
    assert {"float", "stock", "#0", "#1"} <= set(points)
    assert [one["name"] for one in search["points"] if one["chosen"]]
    chosen = next(one for one in search["points"] if one["chosen"])
    assert chosen["recipe"] == found.recipe.to_dict()
    assert chosen["bytes"] == found.model.stat().st_size
    for one in search["points"]:
        worse = [
            other
            for other in search["points"]
            if all(other[key] <= one[key] for key in ("loss_points", "latency", "bytes"))
            and any(other[key] < one[key] for key in ("loss_points", "latency", "bytes"))
        ]
        assert not (one["front"] and worse)


@pytest.mark.parametrize(
    ("max_drop", "noise", "said"), [(1.0, 2.9, True), (1.0, 0.4, False), (None, 2.9, False), (1.0, None, False)]
)
def test_a_budget_smaller_than_the_noise_is_said_to_be(max_drop: float | None, noise: float | None, said: bool) -> None:
    note = noise_note(max_drop, noise, 150)

    assert (note is not None and "smaller than the noise" in note and "150" in note) == said


@pytest.mark.slow
def test_the_recipe_that_was_found_gives_the_same_file_again(found: Any, run: Any, table: Any, tmp_path: Path) -> None:
    again = run(str(table.model), recipe=found.folder / "recipe.yaml", train=table.train, out=tmp_path / "again")

    assert again.model.read_bytes() == found.model.read_bytes()


@pytest.mark.slow
def test_without_training_one_half_of_the_evaluation_set_decides_and_the_other_is_reported(
    run: Any, table: Any, tmp_path: Path
) -> None:
    result = run(
        str(table.model),
        data=table.train,
        evaluation=table.test,
        goal="latency",
        max_drop=5.0,
        samples=60,
        out=tmp_path / "r",
    )

    assert result.report["search"]["judged_on"]["set"] == "evaluation"
    assert result.report["search"]["judged_on"]["n"] == 300
    assert result.report["judged_on"]["n"] == 300
    assert result.recipe.train is None


@pytest.mark.slow
def test_limits_that_cannot_be_kept_are_exit_code_3_with_what_would_have_to_give(
    run: Any, table: Any, tmp_path: Path
) -> None:
    out = tmp_path / "result"

    with pytest.raises(BudgetError) as raised:
        run(str(table.model), data=table.train, evaluation=table.test, max_size="2k", max_drop=1.0, samples=60, out=out)

    assert raised.value.exit_code == 3
    assert "--max-size" in str(raised.value)
    assert not out.exists()
    aside = tmp_path / "result.over-budget"
    assert (aside / "model.tflite").exists()
    assert json.loads((aside / "report.json").read_text())["search"]["met"] is False


def test_a_latency_limit_on_a_target_without_predictions_is_refused(run: Any, table: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not predict"):
        run(
            str(table.model),
            data=table.train,
            evaluation=table.test,
            max_latency=1.0,
            target="coral-edgetpu",
            out=tmp_path / "r",
        )


def options(**given: Any) -> ConvertOptions:
    return ConvertOptions(**{"target": "raspberry-pi-4b", "out": "x", **given})


def test_training_samples_and_a_budget_are_enough_to_search() -> None:
    wanted = wanted_of(options(train="x", max_drop=1.0, time_budget=60.0))

    assert wanted is not None
    assert (wanted.goal, wanted.limits.max_drop, wanted.seconds) == ("latency", 1.0, 60.0)


@pytest.mark.parametrize(
    "given",
    [
        {"data": "x", "max_drop": 1.0},
        {"train": "x", "max_drop": 1.0, "prune": 0.5},
        {"train": "x", "max_drop": 1.0, "qat": True},
        {"train": "x", "max_drop": 1.0, "recover": "distill"},
        {"recipe": "recipe.yaml", "train": "x", "max_drop": 1.0},
    ],
)
def test_whoever_says_what_to_do_gets_just_that(given: dict[str, Any]) -> None:
    assert wanted_of(options(**given)) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"goal": "size"}, "needs a limit"),
        ({"goal": "speed", "max_drop": 1.0}, "not one of"),
        ({"goal": "size", "max_drop": 1.0, "prune": 0.5}, "--prune says what"),
        ({"max_size": "many", "max_drop": 1.0}, "is no size"),
        ({"max_latency": 1.0, "recipe": "r.yaml"}, "--recipe says what"),
    ],
)
def test_what_leaves_nothing_to_look_for_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        wanted_of(options(**given))


@pytest.mark.parametrize(("given", "goal"), [({"max_size": "50k"}, "size"), ({"max_latency": 2.0}, "latency")])
def test_a_limit_alone_names_the_goal(given: dict[str, Any], goal: str) -> None:
    wanted = wanted_of(options(**given))

    assert wanted is not None
    assert wanted.goal == goal
