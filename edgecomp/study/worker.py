"""One of the workers of a study: asks for trials, carries them out, and looks after those that others have left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from .heartbeat import Heart, Watch
from .ledger import GIVEN_UP, MOST_RETRIES, REASON, RETRY_OF, counted, place_of, retries, unfinished
from .result import Evaluate
from .samplers import SamplerName, fixed, sampler_for
from .space import Params, Space, suggest

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

POLL_SECONDS = 1.0
"""Between two looks at what others are still at."""


@dataclass(frozen=True)
class Job:
    """What the workers of a study do.

    Args:
        space: what can be chosen.
        trials: how many, by all workers together.
        sampler: who chooses.
        seed: of that.
        first: tried before anything is sampled.
    """

    space: Space
    trials: int
    sampler: SamplerName
    seed: int
    first: tuple[Params, ...] = ()


class StudyWorker:
    """Works on a study until all its trials are done, by whomever.

    Args:
        study: shared with other workers.
        job: the same for all of them.
        evaluate: carries a trial out.
        watch: tells who has died.
        beat: seconds between two signs of life.
        on_change: called when the number of finished trials may have changed.
    """

    def __init__(
        self,
        study: optuna.Study,
        job: Job,
        evaluate: Evaluate,
        *,
        watch: Watch | None = None,
        beat: float | None = None,
        on_change: Callable[[Sequence[FrozenTrial]], None] = lambda _: None,
    ) -> None:
        self._study, self._job, self._evaluate = study, job, evaluate
        self._watch = watch or Watch()
        self._beat = {} if beat is None else {"seconds": beat}
        self._on_change = on_change

    def run(self) -> None:
        """Returns when all trials are done.

        Raises:
            KeyboardInterrupt: whoever stopped this worker; its trial is left for others to do again.
        """
        while True:
            self._retry_left()
            trials = self._all()
            self._on_change(trials)
            open_ones = unfinished(trials)
            if len(counted(trials)) < self._job.trials or any(one.state == TrialState.WAITING for one in open_ones):
                self._one()
            elif open_ones:
                time.sleep(POLL_SECONDS)  # somebody is at the last ones, and may yet die over them
            else:
                return

    def _one(self) -> None:
        """Takes a trial and carries it out."""
        trial = self._take()
        if trial is None:
            return
        with Heart(self._study._storage, trial._trial_id, **self._beat):
            try:
                params = suggest(trial, self._job.space)
                finished = [one for one in counted(self._all()) if one.state.is_finished()]
                result = self._evaluate(params, finished)
                for key, value in result.attrs.items():
                    trial.set_user_attr(key, value)
                if result.values is None:
                    trial.set_user_attr(REASON, result.reason)
            except UpdateFinishedTrialError:
                return  # taken for dead in the meantime, and given to others
            except BaseException as error:
                self._leave(trial.number, crashed=not isinstance(error, (KeyboardInterrupt, SystemExit)))
                raise
        self._tell(trial.number, result.values)

    def _take(self) -> Trial | None:
        """A trial of one's own with its sampler; None where another worker was faster.

        A new trial gets a number that nobody else has. Its place among those that count says whether it is one too
        many, and which sampler it has: that is the same however often workers were killed before.
        """
        self._study.sampler = optuna.samplers.RandomSampler(seed=0)  # decides nothing: the trial is opened anew below
        number = self._study.ask().number
        trials = self._all()
        place = place_of(number, trials)
        if place is None or place >= self._job.trials:
            self._fail(number, "another worker has done it" if place is None else "one too many")
            return None
        sampler = sampler_for(self._job.sampler, self._job.seed, place)
        if place < len(self._job.first):
            sampler = fixed(self._job.first[place], sampler)
        self._study.sampler = sampler
        own = next(one for one in trials if one.number == number)
        return optuna.Trial(self._study, own._trial_id)

    def _tell(self, number: int, values: tuple[float, ...] | None) -> None:
        try:
            if values is None:
                self._study.tell(number, state=TrialState.PRUNED)
            else:
                self._study.tell(number, list(values))
        except (UpdateFinishedTrialError, ValueError):
            return  # taken for dead in the meantime, and given to others: theirs counts

    def _retry_left(self) -> None:
        """Gives trials whose workers are gone to whoever is free."""
        trials = self._all()
        for trial in trials:
            if trial.state == TrialState.RUNNING and self._watch.is_dead(trial):
                self._leave(trial.number, crashed=True)

    def _leave(self, number: int, *, crashed: bool) -> None:
        """Somebody else shall do this trial again.

        The new one is there before the old one ends, so that nothing is lost if this worker dies in between.

        Args:
            number: of the trial.
            crashed: whether it may be the trial's own fault, which is not believed for ever.
        """
        trials = self._all()
        trial = next(one for one in trials if one.number == number)
        if any(one.user_attrs.get(RETRY_OF) == number and one.state != TrialState.FAIL for one in trials):
            self._fail(number, "is done again")
        elif crashed and retries(trial, trials) >= MOST_RETRIES:
            self._study._storage.set_trial_user_attr(trial._trial_id, GIVEN_UP, True)
            self._fail(number, f"its worker died {MOST_RETRIES + 1} times")
        else:
            self._study.enqueue_trial(_params(trial), user_attrs={RETRY_OF: number})
            self._fail(number, "its worker died")

    def _fail(self, number: int, reason: str) -> None:
        trial = next(one for one in self._all() if one.number == number)
        storage = self._study._storage
        try:
            storage.set_trial_user_attr(trial._trial_id, REASON, reason)
            storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        except (UpdateFinishedTrialError, KeyError):
            return  # it has ended by itself

    def _all(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)


def _params(trial: FrozenTrial) -> dict[str, Any]:
    """What a trial had chosen; one that died before it chose may choose anew, as it would have."""
    return dict(trial.params) or dict(trial.system_attrs.get("fixed_params", {}))
