from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.data.subset import choose, quotas, spread
from edgecomp.errors import InputError


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_spread_positions_are_distinct_and_cover_the_set_evenly(count: int, wanted: int) -> None:
    wanted = min(count, wanted)
    positions = spread(count, wanted)
    assert len(set(positions.tolist())) == wanted
    assert positions.min() >= 0
    assert positions.max() < count
    gaps = np.diff(positions)
    assert not len(gaps) or gaps.max() - gaps.min() <= 1


@given(st.lists(st.integers(0, 6), min_size=1, max_size=300), st.integers(1, 300))
def test_a_limit_balances_classes_as_far_as_they_go(labels: list[int], limit: int) -> None:
    values = np.array(labels)
    kept = choose(len(values), values, limit)
    assert len(kept) == min(limit, len(values))
    assert np.all(np.diff(kept) > 0)
    taken = {one: int(np.sum(values[kept] == one)) for one in set(labels)}
    fewest = min(taken.values())
    for one, count in taken.items():
        assert count <= fewest + 1 or min(taken.values()) == fewest
        if count < max(taken.values()) - 1:
            assert count == labels.count(one), "a class is short only where it has no more samples"
    assert np.array_equal(kept, choose(len(values), values, limit)), "the same samples every time"


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.data())
def test_quotas_add_up_and_never_ask_for_more_than_there_is(sizes: list[int], data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, sum(sizes)))
    taken = quotas(np.array(sizes), limit)
    assert taken.sum() == limit
    assert np.all(taken <= sizes)


def test_fewer_samples_than_classes_are_spread_over_the_classes() -> None:
    labels = np.repeat(np.arange(100), 3)
    kept = labels[choose(300, labels, 10)]
    assert len(set(kept.tolist())) == 10
    assert kept.max() - kept.min() > 80


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_that_is_not_positive_is_refused(limit: int) -> None:
    with pytest.raises(InputError, match="limit on samples"):
        choose(10, None, limit)
