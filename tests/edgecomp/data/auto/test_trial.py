from __future__ import annotations

import math

import numpy as np
import pytest
from edgecomp_runtime.preprocess import Preprocess, parse_preprocess
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgecomp.data import Sample
from edgecomp.data.auto.answers import Verdicts, judge
from edgecomp.data.auto.significance import above_chance, sign_test, standard_errors
from edgecomp.data.auto.trial import choose_by_trial, decide

A, B, C = (parse_preprocess(name) for name in ("none", "0..1", "-1..1"))


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_exact_binomial_test(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected)


@given(st.integers(0, 80), st.floats(0.01, 1.0))
def test_guessing_is_the_binomial_tail(right: int, chance: float) -> None:
    assert above_chance(right, 80, chance) == pytest.approx(stats.binom.sf(right - 1, 80, chance), abs=1e-12)


def test_standard_errors_are_those_of_the_paired_t_test() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1, 50)
    assert standard_errors(differences) == pytest.approx(stats.ttest_1samp(differences, 0).statistic)
    assert standard_errors(np.ones(3)) == math.inf
    assert standard_errors(np.zeros(3)) == 0


def test_probabilities_and_logits_are_told_apart() -> None:
    labels = np.array([1, 0])
    probabilities = np.array([[0.2, 0.8], [0.3, 0.7]])
    for scores in (probabilities, np.log(probabilities) + 5):
        verdicts = judge(scores, labels)
        assert verdicts.correct.tolist() == [True, False]
        assert verdicts.loss == pytest.approx(-np.log([0.8, 0.3]))


def test_a_single_score_decides_between_two_classes() -> None:
    assert judge(np.array([[0.9], [0.2]]), np.array([1, 1])).correct.tolist() == [True, False]
    assert judge(np.array([[3.0], [-3.0]]), np.array([1, 0])).correct.tolist() == [True, True]


def test_labels_beyond_the_output_are_wrong_answers() -> None:
    verdicts = judge(np.eye(3), np.array([0, 1, 7]))
    assert verdicts.correct.tolist() == [True, True, False]
    assert verdicts.loss is None


def right(count: int, of: int, shift: int = 0) -> Verdicts:
    return Verdicts(np.roll(np.arange(of) < count, shift), classes=4)


LABELS = np.arange(100) % 4


def test_a_candidate_that_is_clearly_best_wins() -> None:
    trial = decide({A: right(30, 100), B: right(90, 100), C: right(35, 100)}, LABELS, 0.01)
    assert trial.winner == B
    assert "0..1 90" in trial.why


def test_candidates_that_are_about_as_good_are_a_tie() -> None:
    trial = decide({A: right(30, 100), B: right(90, 100), C: right(88, 100)}, LABELS, 0.01)
    assert trial.winner is None
    assert trial.tied == (B, C)


def test_a_model_that_guesses_says_nothing() -> None:
    trial = decide({A: right(30, 100), B: right(5, 100)}, LABELS, 0.01)
    assert trial.winner is None
    assert trial.tied == ()
    one_class = decide({A: right(100, 100), B: right(0, 100)}, np.zeros(100, int), 0.01)
    assert one_class.winner is None, "always answering the one class there is proves nothing"


def test_a_model_that_barely_works_says_nothing() -> None:
    assert decide({A: right(38, 100), B: right(10, 100)}, LABELS, 0.01).winner is None


def samples(count: int) -> list[Sample]:
    return [Sample(f"s{i}", {}, i % 4) for i in range(count)]


def test_few_samples_are_enough_where_the_difference_is_large() -> None:
    asked = []

    def draw(count: int) -> list[Sample]:
        asked.append(count)
        return samples(count)

    def evaluate(one: Preprocess, given: object) -> np.ndarray:
        return np.full(asked[-1], one == B)

    trial = choose_by_trial([A, B, C], evaluate, draw)
    assert trial is not None
    assert trial.winner == B
    assert asked == [50]


def test_only_tied_candidates_are_tried_on_more_samples() -> None:
    tried: list[tuple[str, int]] = []

    def evaluate(one: Preprocess, given: object) -> np.ndarray:
        count = len(given)  # type: ignore[arg-type]
        tried.append((one.name, count))
        share = {A: 0.2, B: 0.95, C: 0.9}[one]
        return np.arange(count) < share * count

    trial = choose_by_trial([A, B, C], evaluate, samples)
    assert trial is not None
    assert trial.winner == B
    assert tried == [("none", 50), ("0..1", 50), ("-1..1", 50), ("0..1", 200), ("-1..1", 200)]
    assert set(trial.figures()) == {"none", "0..1", "-1..1"}


@pytest.mark.parametrize(("other_loss", "winner"), [(0.9, B), (0.15, None)])
def test_a_tie_is_broken_only_by_a_loss_that_is_far_lower(other_loss: float, winner: Preprocess | None) -> None:
    noise = np.random.default_rng(0).uniform(0.9, 1.1, 600)

    def evaluate(one: Preprocess, given: object) -> Verdicts:
        count = len(given)  # type: ignore[arg-type]
        answers = np.arange(count) % 4
        answers[0] = 3 if one == A else 0
        loss = noise[:count] * (0.1 if one == B else other_loss)
        return Verdicts(np.arange(count) < 0.9 * count, answers, loss, 4)

    trial = choose_by_trial([A, B], evaluate, samples)
    assert trial is not None
    assert trial.winner == winner


def test_candidates_with_the_same_answers_throughout_are_as_good() -> None:
    def evaluate(one: Preprocess, given: object) -> Verdicts:
        count = len(given)  # type: ignore[arg-type]
        return Verdicts(np.arange(count) < 0.9 * count, np.arange(count) % 4, np.full(count, 0.1), 4)

    trial = choose_by_trial([A, B], evaluate, samples)
    assert trial is not None
    assert trial.winner is not None
    assert "same 600 answers with none and 0..1" in trial.why


def test_without_samples_there_is_no_trial() -> None:
    assert choose_by_trial([A], lambda *_: np.zeros(0, bool), lambda _: []) is None
