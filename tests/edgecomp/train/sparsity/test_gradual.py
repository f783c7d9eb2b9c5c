"""The schedule by which weights become zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.train.sparsity.gradual import TIMES, Sparsity, plan_gradual


@given(
    share=st.floats(0.01, 0.99),
    begin=st.floats(0, 0.5),
    end=st.floats(0.5, 1),
    steps=st.integers(1, 100_000),
    start=st.floats(0, 0.99),
)
def test_the_share_rises_from_what_there_is_to_what_is_asked(
    share: float, begin: float, end: float, steps: int, start: float
) -> None:
    plan = plan_gradual(Sparsity(share, begin=begin, end=end), steps, start, share)
    due = [step for step in range(1, steps + 1) if plan.due(step)] if steps < 3_000 else [plan.first, plan.last]
    assert due[-1] == plan.last <= max(1, steps)
    assert len(due) <= 2 * TIMES + 1
    shares = [plan.share_at(step) for step in due]
    assert shares == sorted(shares)
    assert shares[-1] == share
    assert plan.share_at(plan.first - 1) == min(start, share) or plan.first == plan.last
    assert plan.share_at(steps + 1) == share


def test_it_is_the_cubic_of_zhu_and_gupta() -> None:
    plan = plan_gradual(Sparsity(0.8, begin=0.1, end=0.5), 1000, 0.0, 0.8)
    assert (plan.first, plan.last) == (100, 500)
    assert plan.share_at(99) == 0.0
    assert plan.share_at(300) == pytest.approx(0.8 * (1 - 0.5**3))
    assert plan.share_at(500) == plan.share_at(1000) == 0.8


@pytest.mark.parametrize(
    "options",
    [
        {"share": 0.0},
        {"share": 1.0},
        {"share": 0.5, "begin": 0.9},
        {"share": 0.5, "by": "luck"},
        {"share": float("nan")},
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Sparsity(**options)  # type: ignore[arg-type]
