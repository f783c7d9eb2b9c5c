"""Two halves of a set share no sample and leave none out."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.data import open_data
from edgecomp.data.halves import FEWEST, halves, unsearched
from edgecomp.models.opened import TensorSpec


def rows(count: int) -> object:
    """Numbered rows whose labels are sorted, as folders of photos are."""
    x = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    spec = TensorSpec("row", (None, 2), "float32")
    return open_data((x, np.arange(count) * 4 // count), inputs=[spec])


@pytest.mark.parametrize("count", [2 * FEWEST, 2 * FEWEST + 1, 100])
def test_every_sample_is_in_exactly_one_half_and_both_have_all_classes(count: int) -> None:
    dataset = rows(count)

    first, second = halves(dataset)

    names = [[one.name for one in half] for half in (first, second)]
    assert sorted(names[0] + names[1]) == sorted(one.name for one in dataset)
    assert [len(first), len(second)] == [len(one) for one in names]
    assert all({one.label for one in half} == {0, 1, 2, 3} for half in (first, second))
    assert first.labelled
    assert first.source == dataset.source


def test_a_half_can_be_gone_through_again() -> None:
    first, _ = halves(rows(60))

    assert [one.name for one in first] == [one.name for one in first]


def test_a_set_too_small_for_two_is_not_divided() -> None:
    dataset = rows(2 * FEWEST - 1)

    assert halves(dataset) is None
    assert unsearched(dataset) is dataset


def test_what_no_search_has_looked_at_is_the_second_half() -> None:
    dataset = rows(60)

    assert [one.name for one in unsearched(dataset)] == [one.name for one in halves(dataset)[1]]
