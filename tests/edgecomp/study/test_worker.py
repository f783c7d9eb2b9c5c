"""Workers of a study: what is done is done once, whoever dies, and one worker alone always does the same."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from edgecomp.errors import InputError
from edgecomp.study.heartbeat import Watch
from edgecomp.study.joining import join_study
from edgecomp.study.ledger import GIVEN_UP, RETRY_OF, counted
from edgecomp.study.result import Result
from edgecomp.study.storage import open_storage
from edgecomp.study.worker import Job, StudyWorker

from .study_program import IDENTITY, SPACE, objectives, work

PROGRAM = Path(__file__).with_name("study_program.py")


def history(study: Any) -> list[tuple[Any, ...]]:
    """What was tried and what came of it, trial by trial."""
    return [(tuple(sorted(one.params.items())), tuple(one.values or ())) for one in counted(study.get_trials())]


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts workers as programs; none outlives the test."""
    running: list[subprocess.Popen[bytes]] = []

    def started(*arguments: Any) -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen([sys.executable, PROGRAM, *map(str, arguments)]))
        return running[-1]

    yield started
    for one in running:
        one.kill()
        one.wait()


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_one_worker_with_one_seed_always_does_the_same(tmp_path: Path, sampler: str) -> None:
    first, second = (work(str(tmp_path / name), 25, sampler=sampler, seed=3) for name in ("a.log", "b.log"))
    other = work(str(tmp_path / "c.log"), 25, sampler=sampler, seed=4)

    assert history(first) == history(second)
    assert history(first) != history(other)


def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = work(str(tmp_path / "a.log"), 20)
    work(str(tmp_path / "b.log"), 7)
    halves = work(str(tmp_path / "b.log"), 20)

    assert history(whole) == history(halves)


def test_what_the_planner_proposes_comes_first(tmp_path: Path) -> None:
    proposals = ({"x": 0.5, "y": 0.25, "kind": "square"}, {"x": 0.0, "y": 1.0, "kind": "round"})

    study = work(str(tmp_path / "a.log"), 4, first=proposals)

    assert [one.params for one in study.trials][:2] == list(proposals)


def test_a_killed_workers_trial_is_done_again_and_the_result_is_the_same(tmp_path: Path, start: Any) -> None:
    journal = tmp_path / "killed.log"
    program = start(journal, 10, 0.8)
    wait_for(lambda: journal.exists() and is_at_work(journal, after=2))
    program.send_signal(signal.SIGKILL)
    program.wait()

    study = work(str(journal), 10)

    assert history(study) == history(work(str(tmp_path / "whole.log"), 10))
    assert [one.user_attrs[RETRY_OF] for one in study.trials if RETRY_OF in one.user_attrs]


def is_at_work(journal: Path, *, after: int) -> bool:
    """Whether so many trials are done and the next has its choice and its worker."""
    trials = join_study(open_storage(str(journal)), "test", IDENTITY).trials
    return len(trials) == after + 1 and len(trials[-1].params) == len(SPACE)


def finished(journal: Path) -> list[Any]:
    study = join_study(open_storage(str(journal)), "test", IDENTITY)
    return [one for one in study.trials if one.state.is_finished()]


def test_of_several_workers_none_does_what_another_does_and_a_killed_one_is_made_up_for(
    tmp_path: Path, start: Any
) -> None:
    journal = tmp_path / "journal.log"
    workers = [start(journal, 16, 0.2) for _ in range(3)]
    wait_for(lambda: journal.exists() and len(finished(journal)) >= 3)
    workers[0].kill()

    assert [one.wait(timeout=60) for one in workers[1:]] == [0, 0]

    study = join_study(open_storage(str(journal)), "test", IDENTITY)
    kept = counted(study.trials)
    assert len(kept) == 16
    assert {one.state for one in kept} == {TrialState.COMPLETE}
    assert not [one for one in study.trials if not one.state.is_finished()]


def test_a_trial_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    study = join_study(open_storage(str(tmp_path / "a.log")), "test", IDENTITY)

    def deadly(params: Any, finished: Any) -> Result:
        if len(finished) == 1:
            raise MemoryError
        return Result(objectives(params))

    worker = StudyWorker(study, Job(SPACE, 4, "random", 0), deadly)
    for _ in range(3):
        with pytest.raises(MemoryError):
            worker.run()
    worker.run()

    kept = counted(study.trials)
    assert [one.user_attrs.get(GIVEN_UP, False) for one in kept] == [False, False, False, True] or len(kept) == 4
    assert sum(bool(one.user_attrs.get(GIVEN_UP)) for one in kept) == 1


def test_a_trial_that_cannot_be_carried_out_counts_and_has_no_figures(tmp_path: Path) -> None:
    study = join_study(open_storage(str(tmp_path / "a.log")), "test", IDENTITY)

    def picky(params: Any, _: Any) -> Result:
        if params["kind"] == "square":
            return Result(None, reason="squares cannot be made")
        return Result(objectives(params))

    StudyWorker(study, Job(SPACE, 30, "tpe", 0), picky).run()

    states = [one.state for one in counted(study.trials)]
    assert len(states) == 30
    assert {TrialState.COMPLETE, TrialState.PRUNED} == set(states)
    assert all(one.user_attrs["reason"] for one in study.trials if one.state == TrialState.PRUNED)


def test_a_worker_that_was_only_slow_does_no_harm(tmp_path: Path) -> None:
    storage = str(tmp_path / "a.log")
    study = join_study(open_storage(storage), "test", IDENTITY)
    rescued = []

    def slow(params: Any, _: Any) -> Result:
        if not rescued:  # somebody else takes this worker for dead, and does its trial
            rescued.append(True)
            number = study.trials[-1].number
            job, nothing = Job(SPACE, 3, "random", 0), Result((1.0, 1.0, 1.0))
            other = StudyWorker(join_study(open_storage(storage), "test", IDENTITY), job, lambda *_: nothing)
            other._leave(number, crashed=True)
            work(storage, 3, sampler="random")
        return Result(objectives(params))

    StudyWorker(study, Job(SPACE, 3, "random", 0), slow).run()

    assert len(counted(study.trials)) == 3
    assert all(one.values for one in counted(study.trials))


def test_somebody_who_stops_working_is_noticed_by_the_watchers_own_clock() -> None:
    now = [0.0]
    watch = Watch(grace=60, now=lambda: now[0])
    trial = optuna.trial.create_trial(state=TrialState.RUNNING, user_attrs={"worker": elsewhere(), "beat": 1})

    seen = []
    for now[0], trial.user_attrs["beat"] in ((0, 1), (50, 2), (100, 2), (111, 2)):
        seen.append(watch.is_dead(trial))

    assert seen == [False, False, False, True]


def elsewhere() -> dict[str, Any]:
    return {"host": "another", "boot": "x", "pid": 1, "started": "1"}


def test_workers_at_something_else_are_refused(tmp_path: Path) -> None:
    storage = str(tmp_path / "a.log")
    join_study(open_storage(storage), "test", IDENTITY)

    with pytest.raises(InputError, match="another model"):
        join_study(open_storage(storage), "test", {"model": "other"})
