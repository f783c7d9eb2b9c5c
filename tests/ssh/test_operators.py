"""`edgecomp profile --by-op --on ssh://…` against a real sshd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_sshd import Board

Run = Callable[..., Any]

MEASURED = (0, 4)
"""Exit codes of a measurement: other tests run beside this one."""


def test_the_device_times_each_operator_and_nothing_is_left_there(
    board: Board, bundles: dict[int, Path], edgecomp: Run
) -> None:
    ended = edgecomp("profile", bundles[1], "--by-op", "--seconds", "0.3", "--on", board.url, *board.options, "--json")

    assert ended.code in MEASURED, ended.stderr
    assert ended.data["on"] == board.url
    assert ended.data["file"] == str(bundles[1])
    assert ended.data["operators"]
    parts = ended.data["call_ms"] + sum(one["ms"] for one in ended.data["operators"])
    assert parts == pytest.approx(ended.data["total_ms"])
    assert list(board.temporary.iterdir()) == []


def test_it_is_shown_as_it_is_here(board: Board, bundles: dict[int, Path], edgecomp: Run) -> None:
    there = edgecomp("profile", bundles[1], "--by-op", "--seconds", "0.3", "--on", board.url, *board.options)
    here = edgecomp("profile", bundles[1], "--by-op", "--seconds", "0.3")

    assert {there.code, here.code} <= set(MEASURED), there.stderr + here.stderr
    for ended in (there, here):
        assert "(the call)" in ended.stdout
    assert f"device   {board.url}" in there.stdout
    assert len(there.stdout.splitlines()) == len(here.stdout.splitlines()) + 1


def test_by_operator_and_totals_contradict_each_other(bundles: dict[int, Path], edgecomp: Run) -> None:
    ended = edgecomp("profile", bundles[1], "--by-op", "--totals", "--on", "emulate:cortex-a53")

    assert ended.code == 2
    assert "contradict" in ended.stderr
