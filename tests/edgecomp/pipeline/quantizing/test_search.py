"""The search keeps what gains something, one change after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgecomp.errors import InputError
from edgecomp.pipeline.quantizing.attempts import Trial
from edgecomp.pipeline.quantizing.search import ENOUGH_DB, Search, search
from edgecomp.quantize.fidelity import Closeness
from edgecomp.quantize.precision.choice import GOAL_DB, PrecisionPlan
from edgecomp.quantize.precision.experiment import Score
from edgecomp.quantize.settings import Settings

SAMPLES = 25


def even(decibels: float) -> tuple[float, ...]:
    """The same error in each sample."""
    return (10 ** (-decibels / 10),) * SAMPLES


def uneven(failures: int) -> tuple[float, ...]:
    """Hardly any error but in a few samples, which are lost."""
    return (1.0,) * failures + (1e-5,) * (SAMPLES - failures)


def searched_by(errors: Callable[[Settings], tuple[float, ...]], **options: Any) -> Search:
    def attempt(settings: Settings, note: str) -> Trial:
        return Trial(settings, Closeness(errors(settings), None), 0.0, note)

    def nothing_at_float(_: Settings) -> PrecisionPlan:
        score = Score(Closeness(even(10), None), None)
        return PrecisionPlan((), False, score, score, 1.0, 1.0, 0, "nothing helps")

    defaults = {"equalizable": True, "learn_rounding": False, "fixed_outputs": (), "float_operators": nothing_at_float}
    return search(attempt, **{**defaults, **options})


def searched(decibels: Callable[[Settings], float], **options: Any) -> Search:
    return searched_by(lambda settings: even(decibels(settings)), **options)


def test_what_nearly_always_helps_is_kept_where_nothing_speaks_against_it() -> None:
    assert searched(lambda _: 20.0).best.settings == Settings(equalize=True, bias_correction=True)
    found = searched_by(lambda one: uneven(3 + 2 * one.bias_correction))
    assert found.best.settings.bias_correction, "two samples of 25 say little"
    assert not found.closest
    found = searched_by(lambda one: uneven(3 + 4 * one.bias_correction))
    assert not found.best.settings.bias_correction
    assert found.closest
    assert not searched(lambda one: 20 - 0.1 * one.bias_correction).best.settings.bias_correction, "all samples agree"


def test_other_ranges_have_to_be_clearly_better() -> None:
    assert searched(lambda one: 20 + 0.9 * (one.ranges == "minmax")).best.settings.ranges == "mse"
    assert searched(lambda one: 20 + 1.1 * (one.ranges == "minmax")).best.settings.ranges == "minmax"


def test_two_samples_alone_do_not_choose_ranges_and_three_do() -> None:
    assert searched_by(lambda one: uneven(2 * (one.ranges != "kl"))).best.settings.ranges == "mse"
    assert searched_by(lambda one: uneven(3 * (one.ranges != "kl"))).best.settings.ranges == "kl"


def test_a_few_lost_answers_among_many_good_ones_fall_short() -> None:
    found = searched_by(lambda one: uneven(3 * (not one.equalize)))
    assert found.best.settings.equalize


def test_gains_are_kept_together() -> None:
    found = searched(lambda one: 10 + 5 * one.equalize + 2 * (one.ranges == "kl") + one.bias_correction)
    assert found.best.settings == Settings(ranges="kl", equalize=True, bias_correction=True)


def test_what_is_close_enough_is_left_alone() -> None:
    assert len(searched(lambda _: ENOUGH_DB, equalizable=False).trials) == 1
    assert [one.settings.equalize for one in searched(lambda one: 30 + 15 * one.equalize).trials] == [False, True]


def test_channels_are_equalized_even_where_held_samples_show_no_error() -> None:
    found = searched(lambda _: ENOUGH_DB)
    assert len(found.trials) == 2
    assert found.best.settings.equalize


def test_what_harms_is_dropped_before_the_next_change() -> None:
    found = searched(lambda one: 10 - 5 * one.equalize)
    assert sum(trial.settings.equalize for trial in found.trials) == 1


def test_a_change_that_the_network_does_not_allow_is_passed_over() -> None:
    def decibels(settings: Settings) -> float:
        if settings.bias_correction:
            raise InputError("this network has variables")
        return 20 + 5 * (settings.ranges == "kl")

    assert searched(decibels).best.settings == Settings(ranges="kl", equalize=True)


def test_nothing_is_tried_twice_and_only_what_was_asked_for() -> None:
    found = searched(lambda _: 20.0, equalizable=False)
    tried = [trial.settings for trial in found.trials]
    assert len(set(tried)) == len(tried)
    assert not any(one.equalize or one.rounding == "learned" for one in tried)
    assert any(one.settings.rounding == "learned" for one in searched(lambda _: 20.0, learn_rounding=True).trials)


def test_float_outputs_are_tried_first_where_integers_fall_short_and_must_gain_much() -> None:
    found = searched(lambda one: 5 + 20 * one.float_outputs, fixed_outputs=("scores",))
    assert found.trials[1].settings.float_operators == ("scores",)
    assert found.best.settings.float_outputs
    assert not searched(lambda one: 5 + 2 * one.float_outputs, fixed_outputs=("scores",)).best.settings.float_outputs
    good_enough = searched(lambda one: GOAL_DB + 20 * one.float_outputs, fixed_outputs=("scores",))
    assert not any(one.settings.float_outputs for one in good_enough.trials)


def test_operators_are_left_at_float_only_where_the_goal_is_missed() -> None:
    asked = []

    def refuge(settings: Settings) -> PrecisionPlan:
        asked.append(settings)
        score = Score(Closeness(even(10), None), None)
        return PrecisionPlan((), True, score, score, 1.0, 1.0, 0, "the outputs")

    assert searched(lambda _: GOAL_DB, float_operators=refuge).precision is None
    assert not asked
    found = searched(lambda one: 5 + one.equalize + 9 * one.float_outputs, float_operators=refuge)
    assert asked == [Settings(equalize=True, bias_correction=True)]
    assert found.best.settings == Settings(equalize=True, bias_correction=True, float_outputs=True)
    assert found.precision is not None
