"""A failure at any stage leaves no trace: no output, no half-written folder, and what was there before untouched."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.worker import Worker, WorkerCrashError

Convert = Callable[..., Any]

STAGES = (
    "open_with",
    "open_samples",
    "export",
    "compress",
    "measure",
    "pack",
    "assemble",
    "save_recipe",
    "write_report_json",
    "render_html",
)
INSIDE = (
    "edgecomp.pipeline.float_file.freeze",
    "edgecomp.pipeline.float_file.check_outputs",
    "edgecomp.pipeline.float_file.check_calibration",
    "edgecomp.pipeline.quantizing.compress.search",
    "edgecomp.pipeline.packing.pack_bundle",
    "edgecomp.pipeline.reporting.report_data.total_macs",
)


class _FaultError(Exception):
    pass


def assert_fails_without_a_trace(
    place: str, error: BaseException, corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, scratch = tmp_path / "out", tmp_path.with_name(f"{tmp_path.name}-scratch")
    out.mkdir()
    scratch.mkdir()
    (out / "mine.txt").write_text("mine")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))  # other runs on this machine keep logs beside ours

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(place, fail)
    options = {"data": corners.data, "evaluation": corners.evaluation}
    if not place.endswith(".search"):
        options["effort"] = "low"  # what comes before the fault is waited for
    with pytest.raises(type(error)):
        quick(corners.model, **options, out=out, force=True)
    with pytest.raises(type(error)):
        quick(corners.model, **options, out=tmp_path / "new" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("mine.txt", "mine")]
    assert not list(scratch.glob("edgecomp-*.log"))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", [_FaultError(), KeyboardInterrupt()], ids=["fault", "interrupted"])
def test_a_failing_stage_leaves_no_trace(
    stage: str, error: BaseException, corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"edgecomp.pipeline.convert.{stage}"
    assert_fails_without_a_trace(place, error, corners, quick, tmp_path, monkeypatch)


@pytest.mark.parametrize("place", INSIDE)
def test_a_failure_in_the_middle_of_a_stage_leaves_no_trace(
    place: str, corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_fails_without_a_trace(place, _FaultError(), corners, quick, tmp_path, monkeypatch)


@pytest.mark.parametrize("file", ["bundle.zip", "recipe.yaml", "report.html", "report.md"])
def test_a_full_disk_is_said_plainly_and_leaves_no_trace(
    file: str, corners: Any, quick: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def full(self: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if self.name == file and "w" in mode:
            opened(self, mode, *arguments, **options).close()  # an empty file is there already
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return opened(self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(InputError, match=r"cannot be written to .*out: No space left on device"):
        quick(corners.model, data=corners.data, effort="low", out=tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_crash_of_native_code_is_an_error_that_names_the_log(
    corners: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgecomp.pipeline.convert import convert

    call = Worker.call

    def crashing(self: Worker, function: str, /, *arguments: Any, **options: Any) -> Any:
        if function == "edgecomp.quantize.make:make":
            return call(self, "os:abort")
        return call(self, function, *arguments, **options)

    monkeypatch.setattr(Worker, "call", crashing)
    with pytest.raises(WorkerCrashError, match="SIGABRT") as error:
        convert(corners.model, target="raspberry-pi-4b", data=corners.data, out=tmp_path / "out")
    log = Path(str(error.value).rpartition(" ")[2])
    assert log.is_file()
    log.unlink()
    assert not list(tmp_path.iterdir())
