"""Inferences with a sensor beside them: as a function, and as an option of the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.cli import main
from edgecomp_runtime.measure.energy import EnergyMeter, measure_energy
from edgecomp_runtime.measure.energy.source import Source


def test_inferences_are_counted_and_their_energy_shared_among_them(sensor: Callable[..., Source], clock: Any) -> None:
    running, invoked = [False], [0]

    def invoke() -> None:
        invoked[0] += 1
        clock.sleep(0.6)

    meter = EnergyMeter(sensor(lambda: 6.0 if running[0] else 2.0))
    shares: list[float] = []

    def rested(share: float) -> None:
        running[0] = True
        shares.append(share)

    found = measure_energy(invoke, meter, idle_seconds=0.4, busy_seconds=0.2, progress=rested)

    assert found.inferences == invoked[0] >= 1
    assert found.seconds is not None
    assert found.seconds >= 0.6 * found.inferences - 1e-6
    assert found.joules_per_inference == pytest.approx(6.0 * found.seconds / found.inferences, rel=0.05)
    assert found.net_joules_per_inference == pytest.approx(4.0 * found.seconds / found.inferences, rel=0.1)
    assert shares == sorted(shares)


def test_without_a_sensor_no_inference_is_run(tmp_path: Path) -> None:
    meter = EnergyMeter.find(tmp_path, lambda _: None)

    found = measure_energy(lambda: pytest.fail("an inference ran"), meter)

    assert found.joules_per_inference is None
    assert "no energy sensor" in found.reason


def test_the_command_reports_what_a_meter_logged(
    models: Path, usb_meter: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edgecomp_runtime.measure.energy.run.IDLE_SECONDS", 0.4)
    monkeypatch.setattr("edgecomp_runtime.measure.energy.run.BUSY_SECONDS", 0.6)
    main(["bench", str(models / "table.tflite"), "--seconds", "0.2", "--energy-csv", str(usb_meter.log), "--json"])
    found = json.loads(capsys.readouterr().out)["energy"]

    assert found["source"] == str(usb_meter.log)
    assert found["busy_watts"] == pytest.approx(2.0, rel=0.01)
    assert found["joules_per_inference"] == pytest.approx(found["joules"] / found["inferences"])
    assert found["net_joules_per_inference"] is None  # the meter saw no difference
    assert "too small" in found["reason"]


def test_energy_is_left_out_unless_it_is_asked_for(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", str(models / "table.tflite"), "--seconds", "0.2", "--json"])

    assert json.loads(capsys.readouterr().out)["energy"] is None


def test_a_log_that_is_none_ends_with_2_before_anything_is_measured(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "meter.csv").write_text("time,temperature\n5,6\n")

    assert main(["bench", str(models / "table.tflite"), "--energy-csv", str(tmp_path / "meter.csv")]) == 2
    assert "neither a column of power" in capsys.readouterr().err
