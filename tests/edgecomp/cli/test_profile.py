"""`edgecomp profile --on`: which places it knows, and which options belong to which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--on", "emulate:cortex-m4"), ("cortex-m4", "cortex-a53, cortex-a72")),
        (("--on", "emulate"), ("emulate:CPU",)),
        (("--on", "emulate:cortex-a53", "--seconds", "2"), ("--seconds",)),
        (("--on", "emulate:cortex-a53", "--threads", "2"), ("--threads",)),
        (("--totals",), ("--totals", "emulate:CPU")),
        (("--on", "emulate:cortex-a53"), ("none.tflite", "no such file")),
    ],
)
def test_what_does_not_fit_is_refused(options: tuple[str, ...], said: tuple[str, ...], edgecomp: Run) -> None:
    ended = edgecomp("profile", "none.tflite", *options)
    assert ended.code == 2
    assert ended.stdout == ""
    assert all(part in ended.stderr for part in said)


def test_emulation_wants_a_tflite_or_a_bundle(edgecomp: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    ended = edgecomp("profile", tmp_path / "notes.txt", "--on", "emulate:cortex-a53")
    assert ended.code == 2
    assert "neither a .tflite model nor a bundle" in ended.stderr
