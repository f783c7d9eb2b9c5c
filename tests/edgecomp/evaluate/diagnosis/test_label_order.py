"""Labels in another order are found, and nothing else is taken for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.evaluate.diagnosis.label_order import find_reordering, label_order_words


def answered(order: list[int], n: int, accuracy: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which each is answered by its class in `order`, as often as `accuracy` says."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(order), n)
    right = rng.random(n) < accuracy
    return labels, np.where(right, np.array(order)[labels], rng.integers(0, len(order), n))


@settings(max_examples=40)
@given(st.permutations(range(7)), st.integers(0, 100))
def test_any_permutation_is_found_and_the_identity_is_none(order: list[int], seed: int) -> None:
    found = find_reordering(*answered(order, 700, 0.8, seed))
    if order == list(range(7)):
        assert found is None
    else:
        assert found is not None
        assert found.meant == tuple(order)
        assert found.reordered_accuracy > found.accuracy


@settings(max_examples=40)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_a_bad_model_is_not_taken_for_a_wrong_order(seed: int, accuracy: float) -> None:
    assert find_reordering(*answered(list(range(6)), 300, accuracy, seed)) is None


def test_a_model_that_always_gives_one_answer_is_no_permutation() -> None:
    labels = np.arange(200) % 4
    assert find_reordering(labels, np.full(200, 2)) is None


def test_too_few_samples_are_not_judged() -> None:
    labels = np.arange(10) % 2
    assert find_reordering(labels, 1 - labels) is None


@pytest.mark.parametrize(
    ("order", "names", "said"),
    [
        (
            [1, 0, 2],
            ("cat", "dog", "owl"),
            "2 classes in other places (cat is answered by dog, dog is answered by cat)",
        ),
        ([2, 0, 1], (), "every label moved by -1; do they count from 1?"),
        (sorted(range(12), key=str), (), "sorted as text"),
    ],
)
def test_the_mistake_is_said_in_words(order: list[int], names: tuple[str, ...], said: str) -> None:
    found = find_reordering(*answered(order, 900, 0.9))
    assert found is not None
    assert said in label_order_words(found, names)
