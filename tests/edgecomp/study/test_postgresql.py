"""Workers that meet in a database, as they would from several machines."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from optuna.trial import TrialState

from edgecomp.study.joining import join_study
from edgecomp.study.ledger import RETRY_OF, counted
from edgecomp.study.storage import open_storage

from .study_program import IDENTITY

PROGRAM = Path(__file__).with_name("study_program.py")


def test_workers_on_one_database_lose_nothing_and_repeat_nothing_when_one_is_killed(postgresql: str) -> None:
    storage = open_storage(postgresql)
    study = join_study(storage, "test", IDENTITY)
    workers = [subprocess.Popen([sys.executable, PROGRAM, postgresql, "16", "0.3"]) for _ in range(4)]
    try:
        while len([one for one in study.trials if one.state.is_finished()]) < 4:
            assert workers[0].poll() is None
            time.sleep(0.05)
        workers[0].kill()
        assert [one.wait(60) for one in workers[1:]] == [0, 0, 0]
    finally:
        for one in workers:
            one.kill()
            one.wait()

    kept = counted(study.trials)
    assert len(kept) == 16
    assert {one.state for one in kept} == {TrialState.COMPLETE}
    assert not [one for one in study.trials if not one.state.is_finished()]
    retried = [one for one in study.trials if RETRY_OF in one.user_attrs]
    assert all(study.trials[one.user_attrs[RETRY_OF]].state == TrialState.FAIL for one in retried)
