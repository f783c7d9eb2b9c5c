"""The open search, from the command's function to a bundle: the same every time, killed or not, alone or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import BudgetError, InputError
from edgecomp.pipeline.pick import pick
from edgecomp.pipeline.search import search
from edgecomp.worker import Worker


@pytest.fixture(scope="module")
def run(shared_worker: Worker, table: Any) -> Any:
    """A search without training, with the shared worker."""

    def started(out: Path, **options: Any) -> Any:
        given = {"target": "raspberry-pi-4b", "data": table.train, "evaluation": table.test, "preprocess": "none"}
        return search(str(table.model), **{**given, "trials": 4, "out": out, **options})

    with pytest.MonkeyPatch.context() as patch:
        for verb in ("search", "convert"):
            patch.setattr(f"edgecomp.pipeline.{verb}.Worker", lambda **_: nullcontext(shared_worker))
        yield started


@pytest.fixture(scope="module")
def done(run: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One search, looked at by several tests."""
    return run(tmp_path_factory.mktemp("search") / "study")


def test_it_leaves_all_points_with_their_recipes_and_files(done: Any) -> None:
    data = json.loads((done.folder / "front.json").read_text())

    assert data == done.data
    assert data["trials"] == 4
    assert [one["name"] for one in data["points"]][:2] == ["float", "stock"]
    assert data["judged_on"] == {"set": "evaluation", "n": 300, "measure": "top1"}
    for one in data["points"][2:]:
        file = done.folder / "objects" / one["file"][:2] / one["file"][2:]
        assert file.stat().st_size == one["bytes"]
        assert one["recipe"]["target"] == "raspberry-pi-4b"
    picture = (done.folder / "front.svg").read_text()
    assert picture.count("<circle") + picture.count("<rect") >= 7


def test_started_again_it_has_nothing_left_to_do_and_says_the_same(done: Any, run: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in (done.folder / "objects").rglob("*")}

    again = run(done.folder)

    assert again.data == done.data
    assert {path: path.stat().st_mtime_ns for path in (done.folder / "objects").rglob("*")} == before


def test_one_worker_with_one_seed_gives_the_same_bytes(done: Any, run: Any, tmp_path: Path) -> None:
    other = run(tmp_path / "other")

    assert (other.folder / "front.json").read_bytes() == (done.folder / "front.json").read_bytes()
    assert files(other.folder) == files(done.folder)


def files(folder: Path) -> set[str]:
    return {path.parent.name + path.name for path in (folder / "objects").rglob("*") if path.is_file()}


def test_a_point_becomes_a_bundle_with_the_very_file_of_the_search(done: Any, tmp_path: Path) -> None:
    made = pick(done.folder, trial=1, out=tmp_path / "result", hide_samples=True)

    assert made.same
    assert made.result.report["evaluation"]["samples_hidden"]
    assert made.result.bundle.exists()
    assert made.result.report["judged_on"]["n"] == 300


def test_the_best_point_within_a_budget_is_picked(done: Any, tmp_path: Path) -> None:
    losses = sorted(one["loss_points"] for one in done.data["points"] if one["kind"] == "candidate")

    made = pick(done.folder, max_drop=max(losses[0], 0.0) + 30.0, goal="size", out=tmp_path / "result", force=True)

    kept = [one for one in done.data["points"][2:] if one["loss_points"] <= max(losses[0], 0.0) + 30.0]
    assert made.made.figures.bytes == min(one["bytes"] for one in kept)


def test_a_budget_that_no_point_keeps_is_exit_code_3_and_says_what_would_do(done: Any, tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match=r"--max-size [0-9]+") as raised:
        pick(done.folder, max_size=10, out=tmp_path / "result")

    assert raised.value.exit_code == 3
    assert not (tmp_path / "result").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "say which point"),
        ({"trial": 99}, "no finished trial #99"),
        ({"goal": "speed", "max_drop": 1.0}, "not one of"),
    ],
)
def test_what_cannot_be_picked_is_refused(done: Any, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pick(done.folder, out=tmp_path / "result", **options)


def test_a_folder_that_is_no_search_is_left_alone(run: Any, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")

    with pytest.raises(InputError, match="no search"):
        run(tmp_path)
    with pytest.raises(InputError, match="no folder of a search"):
        pick(tmp_path, trial=0, out=tmp_path / "result")
    assert [one.name for one in tmp_path.iterdir()] == ["letters.txt"]


def test_a_search_of_another_model_or_seed_does_not_join(done: Any, run: Any) -> None:
    with pytest.raises(InputError, match="another recipe"):
        run(done.folder, seed=7)
    with pytest.raises(InputError, match="another sampler"):
        run(done.folder, sampler="random")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "--trials 0"),
        ({"sampler": "luck"}, "not one of"),
        ({"data": None}, "no samples"),
        ({"target": None}, "--target"),
    ],
)
def test_bad_options_are_refused_before_anything_is_opened(
    run: Any, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path / "study", **options)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_a_killed_search_with_training_goes_on_to_the_same_result(table: Any, tmp_path: Path) -> None:
    def command(out: Path) -> list[str]:
        options = ["--target", "raspberry-pi-4b", "--preprocess", "none", "--train", table.train, "--epochs", "4"]
        return [
            sys.executable,
            "-m",
            "edgecomp.cli.main",
            "search",
            str(table.model),
            *options,
            "--trials",
            "4",
            "--out",
            str(out),
        ]

    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    killed = subprocess.Popen(command(tmp_path / "killed"), env=environment, start_new_session=True)
    results = tmp_path / "killed" / "results"
    while len(list(results.glob("*.json"))) < 3:
        assert killed.poll() is None
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    for out in ("killed", "whole"):
        subprocess.run(command(tmp_path / out), check=True, env=environment)

    first, second = (json.loads((tmp_path / out / "front.json").read_text()) for out in ("killed", "whole"))
    assert first == second
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    for trial in (0, 1):  # one that was not trained, and one that was
        assert pick(tmp_path / "whole", trial=trial, out=tmp_path / f"picked-{trial}").same
