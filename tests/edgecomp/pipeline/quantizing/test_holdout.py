"""What settings are chosen by is not what they are made from, and memory is bounded."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.data import PreparedSet, open_data, prepared
from edgecomp.models.opened import TensorSpec
from edgecomp.pipeline.quantizing import holdout
from edgecomp.pipeline.quantizing.holdout import FEWEST, MOST_HELD, MOST_MENDING, Feeds, hold_out

ROW = TensorSpec("row", (1, 2))
CONTRACT = build_contract(parse_preprocess("none"), [ROW], [TensorSpec("scores", (1, 3))], images=False)


def samples(count: int) -> PreparedSet:
    rows = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    return prepared(open_data(rows, inputs=[ROW]), CONTRACT)


def numbers(feeds: list[Feeds]) -> list[int]:
    return [int(one["row"][0, 0]) // 2 for one in feeds]


@settings(max_examples=30)
@given(count=st.integers(FEWEST, 400))
def test_held_samples_are_no_others(count: int) -> None:
    split = hold_out(samples(count))
    held, fitting = numbers(split.held), numbers(list(split.fitting))
    assert not set(held) & set(fitting)
    assert len(fitting) == len(split.fitting)
    assert len(fitting) == count - count // 4
    assert 1 <= len(held) <= MOST_HELD
    assert sorted(numbers([*split.fitting, *split.judging])) == list(range(count))


def test_a_few_samples_serve_for_both() -> None:
    split = hold_out(samples(FEWEST - 1))
    assert numbers(split.held) == numbers(list(split.fitting)) == list(range(FEWEST - 1))


def test_the_few_that_are_kept_are_spread_over_all() -> None:
    few = numbers(hold_out(samples(427)).fitting.few())
    assert len(few) == MOST_MENDING
    assert np.ptp(np.diff(few)) <= 2
    assert few[-1] >= 400


def test_large_samples_are_kept_in_smaller_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdout, "KEPT_BYTES", 2 * 10 * 8)
    split = hold_out(samples(200))
    assert len(split.held) == len(split.fitting.few()) == 10


def test_samples_that_stand_off_are_named_and_in_neither_part() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32)
    rows[[3, 50]] *= 1000
    split = hold_out(prepared(open_data(rows, inputs=[ROW]), CONTRACT))
    assert len(split.broken) == 2
    assert len(split) == len(list(split.fitting)) + len(list(split.judging)) == 78
    assert max(np.abs(one["row"]).max() for one in [*split.held, *split.fitting, *split.judging]) < 100
