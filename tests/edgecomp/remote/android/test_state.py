"""What a phone says of itself is read as far as it can be, whatever a maker's build says instead."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.ended import Ended
from edgecomp.remote.android.state import identify, look

from .conftest import BATTERY, THERMAL

PARTS = ("thermal", "battery", "saver", "power", "clocks", "maker", "model", "abis", "memory", "cpus")


def phone(**parts: str) -> Any:
    """One that says this when it is asked anything."""
    output = "".join(f"\nedgecomp-part {name}\n{text}" for name, text in parts.items())
    return SimpleNamespace(serial="R5CT", shell=lambda command, **_: Ended(0, output))


def test_temperatures_are_those_of_now_and_of_cpus() -> None:
    state = look(phone(thermal=THERMAL, battery=BATTERY))
    assert (state.thermal, state.cpu_c) == (0, 43.5)  # 99 °C was cached, 55 °C is the GPU's
    assert (state.battery, state.battery_c, state.plugged) == (0.83, 28.7, True)


@pytest.mark.parametrize(
    "thermal",
    [
        "Can't find service: thermalservice",
        THERMAL.replace("mType=0", "mType=3"),
        THERMAL.replace("41.0", "NaN").replace("43.5", "-40.0"),
        "HAL Ready: false",
    ],
)
def test_sensors_that_are_not_there_are_not_known(thermal: str) -> None:
    assert look(phone(thermal=thermal)).cpu_c is None


def test_clocks_that_cannot_be_read_are_not_known() -> None:
    read = "/sys/devices/system/cpu/cpu4/cpufreq limit=2914000 top=2914000\n"
    unread = "/sys/devices/system/cpu/cpu0/cpufreq limit= top=\n"
    assert look(phone(clocks=unread)).limits_khz is None
    assert look(phone(clocks=unread + read)).limits_khz == {4: 2914000}


@pytest.mark.parametrize(("maker", "model", "name"), [("Google", "Pixel 8", "Google Pixel 8"), ("", "", "R5CT")])
def test_a_phone_has_a_name(maker: str, model: str, name: str) -> None:
    assert identify(phone(maker=maker, model=model)).name == name


def test_a_maker_is_not_named_twice() -> None:
    assert identify(phone(maker="Nokia", model="Nokia 8.3")).name == "Nokia 8.3"


@given(st.dictionaries(st.sampled_from(PARTS), st.text() | st.just(THERMAL) | st.just(BATTERY)))
def test_any_text_is_read_or_left_out(parts: dict[str, str]) -> None:
    said = phone(**parts)
    assert identify(said).name
    state = look(said)
    assert state.thermal is None or 0 <= state.thermal <= 6


@given(st.text())
def test_any_text_in_the_places_of_figures_is_read_or_left_out(text: str) -> None:
    for known in (THERMAL.replace("43.5", text), THERMAL.replace("Status: 0", f"Status: {text}")):
        look(phone(thermal=known, battery=BATTERY.replace("83", text).replace("287", text)))
