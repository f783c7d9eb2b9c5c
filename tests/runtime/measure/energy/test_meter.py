"""The meter: idle, busy, and what an inference took, with sensors whose truth is known."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.measure.energy import Energy, EnergyMeter, Span
from edgecomp_runtime.measure.energy.source import Source

Sensor = Callable[..., Source]


def measured(meter: EnergyMeter, switch: Callable[[], None], inferences: int = 10) -> Energy:
    with meter:
        idle = meter.rest(0.4)
        switch()
        busy = meter.rest(0.6)
    return meter.energy(idle, busy, inferences)


def test_idle_power_is_measured_before_and_subtracted(sensor: Sensor) -> None:
    watts = [2.0]
    found = measured(EnergyMeter(sensor(lambda: watts[0])), lambda: watts.__setitem__(0, 5.0))

    assert found.reason == ""
    assert found.idle_watts == pytest.approx(2.0, rel=0.02)
    assert found.busy_watts == pytest.approx(5.0, rel=0.05)
    assert found.seconds is not None
    assert found.joules == pytest.approx(5.0 * found.seconds, rel=0.05)
    assert found.joules_per_inference == pytest.approx(0.5 * found.seconds, rel=0.05)
    assert found.net_joules_per_inference == pytest.approx(0.3 * found.seconds, rel=0.1)
    assert found.readings >= 10
    assert "a fake sensor" in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_counter_gives_the_same(sensor: Sensor, clock: Any) -> None:
    state = [0.0, 2.0, clock.monotonic()]

    def read() -> float:
        now = clock.monotonic()
        state[0] += state[1] * (now - state[2])
        state[2] = now
        return state[0]

    found = measured(EnergyMeter(sensor(read, counts=True)), lambda: state.__setitem__(1, 5.0))

    assert found.idle_watts == pytest.approx(2.0, rel=0.05)
    assert found.busy_watts == pytest.approx(5.0, rel=0.1)


def test_a_load_too_small_for_the_sensor_has_no_net_figure(sensor: Sensor) -> None:
    found = measured(EnergyMeter(sensor(lambda: 3.0)), lambda: None)

    assert found.joules_per_inference is not None
    assert found.net_joules_per_inference is None
    assert "too small" in found.reason


def test_a_sensor_that_stops_answering_gives_no_figure(sensor: Sensor) -> None:
    alive = [True]
    found = measured(EnergyMeter(sensor(lambda: 2.0 if alive[0] else None)), lambda: alive.__setitem__(0, False))

    assert found.joules is None
    assert "do not cover" in found.reason
    assert str(found).startswith("not available")


def test_without_a_sensor_there_is_a_reason_and_what_would_help_and_no_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    meter = EnergyMeter.find(tmp_path, lambda _: None)
    with meter:
        idle = meter.rest(seconds=5.0)
    found = meter.energy(idle, Span(0, 1), 10)

    assert not meter.available
    assert found == Energy(found.reason)
    for helps in ("ina219", "Raspberry Pi 5", "RAPL", "USB meter"):
        assert helps in found.reason


def test_a_current_sensor_comes_before_the_processors_counters(tmp_path: Path) -> None:
    for name, text in {
        "hwmon/hwmon0/name": "ina219",
        "hwmon/hwmon0/power1_input": "3000000",
        "powercap/intel-rapl:0/name": "package-0",
        "powercap/intel-rapl:0/energy_uj": "5",
    }.items():
        (tmp_path / "sys/class" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/class" / name).write_text(text)

    meter = EnergyMeter.find(tmp_path, lambda _: None)

    assert meter.source is not None
    assert meter.source.name == "hwmon ina219 power1"


def test_it_is_read_while_the_context_lasts_and_the_thread_ends_with_it() -> None:
    enough, readings = threading.Event(), 0

    def read() -> float:
        nonlocal readings
        readings += 1
        if readings == 12:
            enough.set()
        return 1.0

    meter = EnergyMeter(Source("a fake sensor", "everything", interval=0.01, counts=False, read=read))
    before = meter.now()
    with meter:
        assert any(thread.name == "energy" for thread in threading.enumerate())
        assert enough.wait(60)
        idle = meter.rest(0.01)
        during = Span(before, meter.now())
    assert not any(thread.name == "energy" for thread in threading.enumerate())
    assert 11 <= meter.energy(idle, during, 1).readings <= readings


def test_a_log_that_another_program_writes_is_matched_by_the_clock(usb_meter: Any) -> None:
    found = measured(EnergyMeter.find(csv=usb_meter.log), lambda: setattr(usb_meter, "watts", 4.0))

    assert found.reason == ""
    assert found.idle_watts == pytest.approx(2.0, rel=0.05)
    assert found.busy_watts == pytest.approx(4.0, rel=0.1)
    assert found.source == str(usb_meter.log)


def test_a_sensor_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ina219 power1 is; here are: none"):
        EnergyMeter.find(tmp_path, lambda _: pytest.fail("another one was looked for"), sensor="ina219 power1")


def test_a_log_that_ends_too_early_gives_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgecomp_runtime.measure.energy.meter.LOG_SECONDS", 0.1)
    path = tmp_path / "meter.csv"
    path.write_text("time,power\n" + "".join(f"{time.time() - 100 + n},1\n" for n in range(50)))

    found = measured(EnergyMeter.find(csv=path), lambda: None)

    assert found.joules is None
    assert "do not cover" in found.reason


def test_a_log_that_is_none_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        EnergyMeter.find(csv=tmp_path / "absent.csv")
