"""Which CPUs are meant, and that the process really runs on them."""

from __future__ import annotations

import contextlib
import os

import pytest
from edgecomp_runtime import InputError
from edgecomp_runtime.measure.cpus import available_cpus, bound_to, parse_cpus
from edgecomp_runtime.measure.probe import Snapshot
from hypothesis import given
from hypothesis import strategies as st

EIGHT = frozenset(range(8))
UNRATED = Snapshot(time=0.0)
PHONE = Snapshot(time=0.0, cpu_capacities={0: 250, 1: 250, 2: 250, 3: 250, 4: 760, 5: 760, 6: 760, 7: 1024})
BOOST = Snapshot(time=0.0, max_frequencies_khz={0: 5_000_000, 1: 5_100_000})


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("0-3", UNRATED, {0, 1, 2, 3}),
        ("0,2-3,7", UNRATED, {0, 2, 3, 7}),
        ("5", UNRATED, {5}),
        ("big", PHONE, {7}),
        ("little", PHONE, {0, 1, 2, 3}),
        ("big", BOOST, {0, 1}),
        ("little", BOOST, {0, 1}),
        ("big", Snapshot(time=0.0, max_frequencies_khz={0: 1_800_000, 1: 2_400_000}), {1}),
    ],
)
def test_choices(text: str, state: Snapshot, expected: set[int]) -> None:
    assert parse_cpus(text, state, EIGHT) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("8", "may run on 0, 1, 2, 3, 4, 5, 6, 7 and not on 8"),
        ("3-1", "neither numbers"),
        ("", "neither numbers"),
        ("0-", "neither numbers"),
        ("-1", "neither numbers"),
        ("a", "neither numbers"),
        ("99999999999", "neither numbers"),
        ("big", "does not say how strong"),
    ],
)
def test_bad_choices(text: str, part: str) -> None:
    with pytest.raises(InputError, match=part):
        parse_cpus(text, UNRATED, EIGHT)


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert parse_cpus(text, PHONE, EIGHT) <= EIGHT


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot bind a process to CPUs")
def test_the_process_is_bound_and_let_go_again() -> None:
    before = available_cpus()
    one = frozenset([min(before)])
    with bound_to(one):
        assert available_cpus() == one
    assert available_cpus() == before
    with bound_to(None):
        assert available_cpus() == before
