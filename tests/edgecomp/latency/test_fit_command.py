"""`edgecomp targets fit` as users run it, on fewer networks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgecomp.cli import targets
from edgecomp.errors import InputError, MeasurementError
from edgecomp.latency import fit_target, fitting, measuring, turns
from edgecomp.latency.micro import MicroModel, micro_models
from edgecomp.targets import load_target


def few_models(*, heavy: bool = True) -> Iterator[MicroModel]:
    return islice(micro_models(heavy=heavy), 12)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_target, "micro_models", few_models)
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.002)
    monkeypatch.setattr(measuring, "LARGEST_DRIFT", 100.0)  # other tests may run beside this one
    monkeypatch.setattr(fitting, "MOST_ERROR", 100.0)


def fit_command(*arguments: object) -> Result:
    return CliRunner().invoke(targets.command, ["fit", *map(str, arguments)])


def test_writes_a_profile_to_be_used(tmp_path: Path) -> None:
    path = tmp_path / "here.yaml"
    result = fit_command("linux-x86-64", "--out", path)
    assert result.exit_code == 0, result.output
    written = load_target(path).prediction
    assert written is not None
    assert (written.unit, written.threads) == ("ns", 1)
    assert {(one.kind, one.precision) for one in written.operators} >= {("pointwise", "float32")}
    assert f"--target {path}" in result.output


def test_an_existing_profile_is_kept_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "here.yaml"
    path.write_text("precious")
    monkeypatch.setattr(fit_target, "micro_models", None)
    result = fit_command("linux-x86-64", "--out", path)
    assert isinstance(result.exception, InputError)
    assert path.read_text() == "precious"


def test_a_failed_measurement_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LARGEST_DRIFT", -1.0)
    result = fit_command("linux-x86-64", "--out", tmp_path / "here.yaml")
    assert isinstance(result.exception, MeasurementError)
    assert result.exception.exit_code == 4
    assert not list(tmp_path.iterdir())
