"""Devices are told apart by what their kernels say."""

from __future__ import annotations

import os
from pathlib import Path

from edgecomp_runtime.measure.device import this_device
from hypothesis import given, settings
from hypothesis import strategies as st

PI4 = (
    "\n".join(f"processor\t: {cpu}\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n" for cpu in range(4))
    + "\nHardware\t: \nRevision\t: c03115\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n"
)


def _root(tmp_path: Path, cpuinfo: str = "", meminfo: str = "", model: bytes = b"") -> Path:
    (tmp_path / "proc/device-tree").mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
    (tmp_path / "proc/meminfo").write_text(meminfo)
    if model:
        (tmp_path / "proc/device-tree/model").write_bytes(model)
    return tmp_path


def test_a_board_has_a_name_a_cpu_and_memory(tmp_path: Path) -> None:
    root = _root(tmp_path, PI4, "MemTotal:        3884336 kB\n", b"Raspberry Pi 4 Model B Rev 1.5\0")
    device = this_device(root)
    assert (device.board, device.cpu) == ("Raspberry Pi 4 Model B Rev 1.5", "Cortex-A72")
    assert device.memory_bytes == 3884336 * 1024
    assert str(device) == f"Raspberry Pi 4 Model B Rev 1.5, Cortex-A72, {os.cpu_count()} CPU(s), 3.7 GiB"


def test_without_a_device_tree_cpuinfo_names_the_board(tmp_path: Path) -> None:
    assert this_device(_root(tmp_path, PI4)).board == "Raspberry Pi 4 Model B Rev 1.5"


def test_unequal_cores_are_all_named(tmp_path: Path) -> None:
    cores = "CPU implementer\t: 0x41\nCPU part\t: 0xd05\n\nCPU implementer\t: 0x41\nCPU part\t: 0xfff\n"
    assert this_device(_root(tmp_path, cores)).cpu == "Cortex-A55 + CPU part 0xfff"


def test_a_machine_that_says_nothing_is_still_one(tmp_path: Path) -> None:
    device = this_device(tmp_path)
    assert (device.board, device.cpu, device.memory_bytes) == (None, None, None)


@settings(max_examples=50)
@given(cpuinfo=st.text(max_size=200), meminfo=st.text(max_size=50), model=st.binary(max_size=20))
def test_garbage_does_no_harm(tmp_path: Path, cpuinfo: str, meminfo: str, model: bytes) -> None:
    folder = tmp_path / "proc/device-tree"
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "proc/cpuinfo").write_bytes(cpuinfo.encode("utf-8", "surrogatepass"))
    (tmp_path / "proc/meminfo").write_bytes(meminfo.encode("utf-8", "surrogatepass"))
    (folder / "model").write_bytes(model)
    str(this_device(tmp_path))
