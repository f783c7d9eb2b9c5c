"""The command as a user runs it, in this process: its exit code and what it writes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from edgecomp.cli.main import main
from edgecomp.worker import Worker


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def edgecomp(
    shared_worker: Worker, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs `edgecomp ARGUMENTS` with the worker that all tests share."""
    for place in ("pipeline.convert", "pipeline.evaluate", "pipeline.sensitivity", "worker"):
        monkeypatch.setattr(f"edgecomp.{place}.Worker", lambda **_: nullcontext(shared_worker))

    def run(*arguments: Any) -> Ended:
        monkeypatch.setattr(sys, "argv", ["edgecomp", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capfd.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err)

    return run
