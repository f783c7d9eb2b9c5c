"""Progress is for people at a terminal; what native code prints is for the log."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from edgecomp.pipeline.log_file import log_file, native_output_to
from edgecomp.progress import Steps
from edgecomp.worker import WorkerError


@pytest.mark.parametrize("terminal", [True, False])
def test_steps_show_on_terminals_only_and_are_recorded_everywhere(terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    with Steps(console) as steps:
        with steps.step("read", "reading the samples") as step:
            assert list(step.track(iter("abc"), 3)) == ["a", "b", "c"]
            step.detail = "3 samples"
        with steps.step("pack", "packing"):
            pass
    assert [(one["name"], one["detail"]) for one in steps.taken] == [("read", "3 samples"), ("pack", "")]
    assert all(one["seconds"] >= 0 for one in steps.taken)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert ("reading the samples" in written and "3/3" in written) if terminal else written == ""


def test_a_step_that_fails_is_not_recorded_as_done() -> None:
    def fail() -> None:
        with steps.step("read", "reading"):
            raise KeyError("gone")

    with Steps(None) as steps, pytest.raises(KeyError):
        fail()
    assert steps.taken == []


def test_native_output_goes_to_the_log_while_the_console_keeps_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.txt"
    console = Console(stderr=True, force_terminal=True, color_system=None)

    def fail() -> None:
        with native_output_to(log, console):
            os.write(2, b"from native code\n")
            console.print("for people")
            raise KeyError("gone")

    with pytest.raises(KeyError):
        fail()
    os.write(2, b"afterwards\n")
    written = capfd.readouterr().err
    assert "for people" in written
    assert "afterwards" in written
    assert "from native code" not in written
    assert log.read_text() == "from native code\n"


def test_a_log_outlives_the_run_only_when_an_error_points_to_it() -> None:
    with log_file() as log:
        assert log.exists()
    assert not log.exists()

    def fail(error: BaseException) -> None:
        nonlocal log
        with log_file() as log:
            raise error

    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt())
    assert not log.exists()
    with pytest.raises(WorkerError):
        fail(WorkerError("see the log"))
    assert log.exists()
    log.unlink()
