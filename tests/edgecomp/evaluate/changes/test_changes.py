"""Which answers changed, by class and by sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.evaluate.changes.answers import Answers, answer_scores
from edgecomp.evaluate.changes.changes import MOST_SAMPLES, find_changes, worth_a_look
from edgecomp.evaluate.changes.words import changes_words

CLASSES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def answered(was: list[int], became: list[int], score: list[float] | None = None) -> Answers:
    surety = np.array(score if score is not None else np.linspace(0.3, 0.9, len(was)))
    return Answers(np.array(was), np.array(became), surety, surety[::-1].copy())


@given(CLASSES)
def test_counts_are_those_of_counting_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    was, became, labels = (list(column) for column in zip(*rows, strict=True))
    found = find_changes(answered(was, became), labels)
    assert found.changed == sum(one != other for one, other, _ in rows)
    assert found.changed == sum(one.changed for one in found.classes)
    for one in found.classes:
        mine = [row for row in rows if row[0] == one.answer]
        assert one.n == len(mine)
        assert one.changed == sum(row[0] != row[1] for row in mine)
        assert one.lost == sum(row[0] == row[2] != row[1] for row in mine)
        assert one.won == sum(row[0] != row[2] == row[1] for row in mine)
        for became_class, count in one.became:
            assert count == sum(row[1] == became_class != row[0] for row in mine)
    shown = [one.position for one in found.samples]
    assert len(shown) == len(set(shown)) == min(found.changed, MOST_SAMPLES)
    assert all(one.changed for one in found.samples)
    assert not any(one.changed for one in found.kept)


def test_the_samples_that_the_reference_was_surest_of_come_first() -> None:
    found = find_changes(answered([0, 1, 2, 0], [1, 1, 0, 2], [0.4, 0.99, 0.9, 0.7]), None)
    assert [(one.position, one.was, one.became, one.was_score) for one in found.samples] == [
        (2, 2, 0, 0.9),
        (3, 0, 2, 0.7),
        (0, 0, 1, 0.4),
    ]
    assert found.classes[0].lost is None


def test_unchanged_samples_are_spread_over_the_classes_and_of_middling_certainty() -> None:
    was = [0, 0, 0, 1, 1, 1, 2]
    found = find_changes(answered(was, was, [0.9, 0.5, 0.7, 0.8, 0.6, 0.99, 0.4]), None)
    assert [one.position for one in found.kept][:3] == [2, 3, 6]
    assert sorted(one.position for one in found.kept) == list(range(7))


def test_what_is_worth_a_look_alternates_while_there_are_both() -> None:
    found = find_changes(answered([0, 0, 0, 0], [1, 0, 0, 0]), None)
    assert [one.changed for one in worth_a_look(found, 3)] == [True, False, False]
    assert len(worth_a_look(found, 10)) == 4


def test_answers_without_scores_are_counted_and_not_ranked() -> None:
    nothing = answer_scores(np.array([1, 2]), None)
    found = find_changes(Answers(np.array([1, 2]), np.array([1, 0]), nothing, nothing), [1, 2])
    assert found.samples[0].was_score is None
    assert changes_words(found, ()) == "1 of 2 answers changed (50.0%); 1 right answer was lost and 0 won."


def test_words_name_the_class_that_loses_most() -> None:
    found = find_changes(answered([0, 0, 1], [1, 1, 0]), [0, 0, 0])
    said = changes_words(found, ("cat", "dog"))
    assert said.startswith("3 of 3 answers changed (100.0%), 2 of them where the reference says cat; 2 right answers")
    assert "and 1 won" in said
    assert changes_words(find_changes(answered([0], [0]), None), ()) == "None of 1 answers changed."
