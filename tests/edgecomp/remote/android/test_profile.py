"""`edgecomp profile --on adb` against a stand-in for adb and transcripts: there is no Android phone here."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.measure.plan import QUICK, STANDARD

from edgecomp.compare import read_results
from edgecomp.errors import InputError
from edgecomp.remote.android.profile import Options, PhoneMeasurement, profile_phone

from .conftest import ELF_ARM64, SERIAL, THERMAL, Phone
from .transcripts import NOT_ON_NNAPI, OF_2020, ON_GPU, WITH_PERCENTILES

MODEL = b"\x1c\0\0\0TFL3" + bytes(64)

SHORT = replace(QUICK, windows=3)
"""Enough windows for every rule."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    return path


def measure(model: Path, phone: Phone, **options: Any) -> PhoneMeasurement:
    return profile_phone(model, None, Options(**{"plan": SHORT, "threads": 2, "binary": phone.binary, **options}))


def test_a_measurement_has_the_form_of_the_device_packages(model: Path, phone: Phone, tmp_path: Path) -> None:
    for number, median in enumerate((8200, 8400, 8300, 8250, 8350), start=1):
        phone.prints(number, WITH_PERCENTILES.format(median=median))
    found = measure(model, phone, plan=QUICK)
    bench = found.bench
    assert (found.valid, bench["reasons"]) == (True, [])
    assert bench["method"] == "parsed from benchmark_model's summary"
    assert bench["latency_ms"]["p50"] == pytest.approx(8.3)
    assert bench["latency_ms"]["intervals"]["p50"] == {"low": 8.2, "high": 8.4, "confidence": pytest.approx(0.9375)}
    assert bench["latency_ms"]["runs"] == 600
    assert not {"p90", "p99"} & set(bench["latency_ms"])
    assert (bench["first_ms"], bench["load_ms"]) == (12.1, 12.5)
    assert bench["peak_memory_bytes"] == int(20.5 * 2**20)
    assert bench["device"] == {"board": "Google Pixel 8", "cpu": "Tensor G3", "cpus": 1, "memory_bytes": 7812344 * 1024}
    assert bench["machine"] == "Android 15 (API 35), arm64-v8a"
    assert bench["engine"]["xnnpack"] is True
    assert [one["temperature_c"] for one in bench["windows"]] == [43.5] * 5
    file = tmp_path / "pixel.json"
    file.write_text(json.dumps(found.to_dict(), allow_nan=False))
    (compared,) = read_results(str(file))
    assert (compared.figures["latency"].value, compared.valid) == (pytest.approx(8.3), True)
    assert phone.left == []


def test_what_is_asked_for_is_what_benchmark_model_is_told(model: Path, phone: Phone) -> None:
    measure(model, phone, plan=STANDARD, threads=4, delegate="xnnpack")
    runs = [one for one in phone.commands if "--graph=" in one]
    assert len(runs) == 6  # five windows, and one that looks at the memory
    for word in ("--num_threads=4", "--use_xnnpack=true", "--min_secs=10", "--num_runs=10", "--warmup_min_secs=0.5"):
        assert all(word in one for one in runs[:5]), word
    assert not any("report_peak_memory" in one for one in runs[:5])
    assert "--report_peak_memory_footprint=true" in runs[5]


def test_an_old_phone_whose_adb_tells_no_exit_codes(model: Path, phone: Phone) -> None:
    phone.says("old", "")
    assert measure(model, phone).valid
    phone.says("exit", "3")
    with pytest.raises(InputError, match="ended with exit code 3"):
        measure(model, phone)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("thermal", THERMAL.replace("Status: 0", "Status: 2"), "throttled: Android's thermal status was 2 (moderate)"),
        ("saver", "1\n", "low battery mode"),
        ("limit_from_2", "1704000", "throttled: while it was measured, CPU 7 was allowed 1704 of 2914 MHz"),
        ("hot_from_2", THERMAL.replace("43.5", "63.5"), "temperature drift: the CPUs went from 44 to 64"),
        ("transcript_2", WITH_PERCENTILES.format(median=12000), "not steady"),
        ("transcript", OF_2020, "no median"),
        ("transcript", WITH_PERCENTILES.replace("count=120", "count=3").format(median=8300), "too few queries: 9"),
    ],
)
def test_a_measurement_that_does_not_count_says_why(
    model: Path, phone: Phone, name: str, text: str, reason: str
) -> None:
    phone.says(name, text)
    found = measure(model, phone)
    assert not found.valid
    assert any(reason in one for one in found.bench["reasons"]), found.bench["reasons"]


def test_a_clock_that_is_held_back_all_the_time_is_a_note(model: Path, phone: Phone) -> None:
    phone.says("sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq", "1704000")
    found = measure(model, phone)
    assert found.valid
    assert any("from the beginning CPU 7 was allowed 1704 of 2914 MHz" in one for one in found.bench["notes"])


def test_without_a_median_there_is_no_p50(model: Path, phone: Phone) -> None:
    phone.says("transcript", OF_2020)
    latency = measure(model, phone).bench["latency_ms"]
    assert latency["mean"] == pytest.approx(33.2094)
    assert not {"p50", "intervals"} & set(latency)


@pytest.mark.parametrize(
    ("delegate", "text", "reason"),
    [
        ("gpu", ON_GPU, None),
        ("gpu", WITH_PERCENTILES.format(median=8300), "GPU was asked for"),
        ("nnapi", NOT_ON_NNAPI, "NNAPI was asked for"),
        ("none", WITH_PERCENTILES.format(median=8300), "the plain kernels was asked for"),
        ("xnnpack", ON_GPU, "XNNPACK was asked for"),
        (None, ON_GPU, None),
    ],
)
def test_another_delegate_than_the_one_asked_for_is_told(
    model: Path, phone: Phone, delegate: str | None, text: str, reason: str | None
) -> None:
    phone.says("transcript", text)
    found = [one for one in measure(model, phone, delegate=delegate).bench["reasons"] if "another delegate" in one]
    assert bool(found) == bool(reason)
    assert all(reason in one for one in found)


def test_a_phone_that_tells_nothing_of_itself_is_measured_all_the_same(model: Path, phone: Phone) -> None:
    for name in ("getprop", "dumpsys", "settings"):
        (phone.root / "bin" / name).unlink()
    found = measure(model, phone)
    assert found.valid
    assert found.bench["device"]["board"] == SERIAL
    assert {"throttling", "temperature", "battery"} <= set(found.bench["not_available"])


@pytest.mark.parametrize("moment", ["ro.product.model", "mkdir", "--graph=", "dumpsys"])
def test_a_phone_that_is_unplugged_midway_is_an_error(model: Path, phone: Phone, moment: str) -> None:
    phone.says("unplugged_at", moment)
    with pytest.raises(InputError, match=f"{SERIAL}: the connection broke off while"):
        measure(model, phone)


def test_unplugging_it_after_the_last_figure_loses_nothing(model: Path, phone: Phone) -> None:
    phone.says("unplugged_at", "rm -rf")
    found = measure(model, phone)
    assert found.valid
    assert any("the phone had gone before it could be tidied: /data/local/tmp/" in one for one in found.bench["notes"])


def test_a_program_that_cannot_look_at_the_memory_measures_all_the_same(model: Path, phone: Phone) -> None:
    phone.says("exit_4", "1")
    phone.prints(4, "Unconsumed cmdline flags: --report_peak_memory_footprint=true\n")
    found = measure(model, phone)
    assert found.valid
    assert "peak_memory_bytes" not in found.bench


def test_what_fails_on_the_phone_is_told_and_leaves_nothing(model: Path, phone: Phone) -> None:
    phone.says("transcript", "INFO: STARTING!\nERROR: Failed to load model /x\nERROR: Benchmarking failed.\n")
    phone.says("exit", "1")
    with pytest.raises(InputError, match="exit code 1: Failed to load model"):
        measure(model, phone)
    assert phone.left == []


def test_a_full_phone_is_told(model: Path, phone: Phone) -> None:
    phone.says("full", "")
    with pytest.raises(InputError, match="No space left on device"):
        measure(model, phone)
    assert phone.left == []


def test_a_build_for_another_cpu_is_refused_before_anything_is_sent(model: Path, phone: Phone) -> None:
    phone.binary.write_bytes(ELF_ARM64.replace(b"\xb7\0", b"\x3e\0"))
    with pytest.raises(InputError, match="is built for x86_64, and Google Pixel 8 runs arm64-v8a"):
        measure(model, phone)
    assert not any(one.startswith("push") for one in phone.commands)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgecomp.cli.main", "profile", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def test_the_command_shows_it_and_ends_with_4_where_it_does_not_count(model: Path, phone: Phone) -> None:
    report = {"schema": 1, "target": "phone", "compressed": {"sha256": hashlib.sha256(MODEL).hexdigest()}}
    (model.parent / "report.json").write_text(json.dumps(report))
    options = (model, "--on", f"adb:{SERIAL}", "--benchmark-model", phone.binary)
    ended = run(*options)
    assert ended.returncode == 0, ended.stderr
    assert "Google Pixel 8" in ended.stdout
    assert "p50 8.30 ms" in ended.stdout
    assert "parsed from benchmark_model's summary" in ended.stdout
    (device,) = json.loads((model.parent / "report.json").read_text())["devices"]
    assert (device["host"], device["latency_ms"]["p50"]) == (f"adb:{SERIAL}", pytest.approx(8.299))
    phone.says("saver", "1")
    ended = run(*options, "--json")
    assert ended.returncode == 4
    assert json.loads(ended.stdout)["on"] == f"adb:{SERIAL}"
    assert "low battery mode" in ended.stderr


def test_ctrl_c_ends_the_program_on_the_phone_and_leaves_nothing(model: Path, phone: Phone) -> None:
    phone.says("slow", "")
    command = [sys.executable, "-m", "edgecomp.cli.main", "profile", str(model), "--on", "adb"]
    process = subprocess.Popen([*command, "--benchmark-model", str(phone.binary)], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (pids := list((phone.root / "data/local/tmp").glob("*/pid"))) or not pids[0].read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running = int(pids[0].read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    assert phone.left == []
    while _lives(running):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--by-op",), "--by-op"),
        (("--ssh-config", "x"), "--ssh-config"),
        (("--totals",), "--totals is for --on emulate"),
    ],
)
def test_options_that_do_not_belong_here_are_refused(
    model: Path, phone: Phone, options: tuple[str, ...], said: str
) -> None:
    ended = run(model, "--on", "adb", *options)
    assert (ended.returncode, said in ended.stderr) == (2, True)


def test_its_options_are_for_phones_only(model: Path, phone: Phone) -> None:
    ended = run(model, "--delegate", "gpu")
    assert (ended.returncode, "--delegate" in ended.stderr) == (2, True)
