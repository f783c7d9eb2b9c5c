"""Current sensors, a Raspberry Pi 5's rails and RAPL, on made-up trees."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from edgecomp_runtime.measure.energy.monitors import find_monitor
from edgecomp_runtime.measure.energy.pmic import find_pmic, rails_watts
from edgecomp_runtime.measure.energy.rapl import Zone, find_rapl
from edgecomp_runtime.measure.energy.source import Absent, Source
from hypothesis import given
from hypothesis import strategies as st

# In the firmware's form: currents first, then voltages; one voltage has no current.
PMIC = """\
     3V7_WL_SW_A current(0)=0.00780752A
       VDD_CORE_A current(7)=2.00000000A
     3V7_WL_SW_V volt(8)=3.69981500V
       VDD_CORE_V volt(15)=0.75000000V
          EXT5V_V volt(24)=5.12000000V
"""
PACKAGE, MEMORY = "sys/class/powercap/intel-rapl:0", "sys/class/powercap/intel-rapl:0:0"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def sensor(root: Path, number: int, name: str, **files: str) -> Path:
    return write(
        root, {f"sys/class/hwmon/hwmon{number}/{file}": text for file, text in {"name": name, **files}.items()}
    )


def test_a_current_sensors_power_is_in_watts(tmp_path: Path) -> None:
    found = find_monitor(sensor(tmp_path, 0, "ina219", power1_input="2350000\n", in1_input="5000", curr1_input="1"))

    assert isinstance(found, Source)
    assert found.name == "hwmon ina219 power1"
    assert found.read() == pytest.approx(2.35)
    assert not found.counts


def test_volts_times_amperes_where_the_chip_gives_no_power(tmp_path: Path) -> None:
    found = find_monitor(sensor(tmp_path, 0, "ina3221", in1_input="5040", curr1_input="-100", in1_label="VDD"))

    assert isinstance(found, Source)
    assert found.read() == pytest.approx(-0.504)


def test_of_several_channels_the_one_before_all_others_is_taken(tmp_path: Path) -> None:
    files = {f"in{n}_label": name for n, name in enumerate(("VDD_IN", "VDD_CPU", "VDD_SOC"), start=1)}
    for n in (1, 2, 3):
        files |= {f"in{n}_input": "5000", f"curr{n}_input": f"{n}00"}

    found = find_monitor(sensor(tmp_path, 0, "ina3221", **files))

    assert isinstance(found, Source)
    assert found.read() == pytest.approx(0.5)


def test_of_several_sensors_none_is_guessed_but_one_can_be_named(tmp_path: Path) -> None:
    sensor(tmp_path, 0, "ina219", power1_input="1000000")
    sensor(tmp_path, 1, "ina226", power1_input="4000000")

    unclear, named, wrong = (find_monitor(tmp_path, name) for name in (None, "ina226 power1", "ina226 power9"))

    assert isinstance(unclear, Absent)
    assert "ina219 power1, ina226 power1" in unclear.reason
    assert isinstance(named, Source)
    assert named.read() == pytest.approx(4.0)
    assert isinstance(wrong, Absent)
    assert "ina226 power9 is; here are: ina219 power1, ina226 power1" in wrong.reason


def test_a_graphics_cards_power_is_not_taken_for_the_boards(tmp_path: Path) -> None:
    assert isinstance(find_monitor(sensor(tmp_path, 0, "amdgpu", power1_input="9000000")), Absent)


def test_rails_are_summed_where_both_voltage_and_current_are_known() -> None:
    assert rails_watts(PMIC) == pytest.approx(2.0 * 0.75 + 0.00780752 * 3.699815)


def test_rails_are_read_without_the_channels_numbers_too() -> None:
    assert rails_watts("VDD_CORE_V=0.8750V\nVDD_CORE_A=1.2A\n") == pytest.approx(1.05)


@pytest.mark.parametrize("text", ["", 'error=2 error_msg="Invalid arguments"\n', "EXT5V_V volt(24)=5.12V\n"])
def test_a_board_without_currents_has_no_rails(text: str) -> None:
    found = find_pmic(lambda _: text)

    assert isinstance(found, Absent)
    assert "Raspberry Pi 5" in found.reason


@given(st.text(max_size=200))
def test_no_answer_of_the_program_raises(text: str) -> None:
    rails_watts(text)


def rapl(root: Path, package: int, memory: int) -> Path:
    return write(
        root,
        {
            f"{PACKAGE}/name": "package-0\n",
            f"{PACKAGE}/energy_uj": f"{package}\n",
            f"{PACKAGE}/max_energy_range_uj": "1000000\n",
            f"{MEMORY}/name": "dram\n",
            f"{MEMORY}/energy_uj": f"{memory}\n",
            f"{MEMORY}/max_energy_range_uj": "500000\n",
            "sys/class/powercap/intel-rapl:0:1/name": "core\n",
            "sys/class/powercap/intel-rapl:0:1/energy_uj": "77\n",
        },
    )


def test_rapl_counts_on_over_wraparounds_each_counter_by_its_own_range(tmp_path: Path) -> None:
    found = find_rapl(rapl(tmp_path, package=900_000, memory=100_000))
    assert isinstance(found, Source)
    readings = [found.read()]
    for package, memory in ((999_000, 400_000), (50_000, 20_000), (60_000, 30_000)):
        rapl(tmp_path, package, memory)
        readings.append(found.read())

    assert found.counts
    assert readings == pytest.approx([0.0, 0.399, 0.399 + 0.051 + 0.12, 0.399 + 0.171 + 0.02])
    assert "package-0, dram" in found.name


def test_a_counter_that_falls_without_a_range_is_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, {"energy_uj": "900"})
    zone = Zone(tmp_path)
    assert zone.joules() == 0.0
    write(tmp_path, {"energy_uj": "100"})

    assert zone.joules() is None


def test_counters_that_only_root_may_read_say_how_to_allow_it() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = rapl(Path(name), 1, 1)
        os.chmod(name, 0o755)
        for zone in (PACKAGE, MEMORY):
            (root / zone / "energy_uj").chmod(0)
        owner = os.geteuid()
        if owner == 0:
            os.seteuid(65534)
        try:
            found = find_rapl(root)
        finally:
            os.seteuid(owner)

    assert isinstance(found, Absent)
    assert "sudo chmod a+r" in found.reason


def test_a_machine_without_counters_says_so(tmp_path: Path) -> None:
    assert isinstance(find_rapl(tmp_path), Absent)
