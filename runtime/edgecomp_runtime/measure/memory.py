"""What memory a process holds, and what of it is the interpreter's arena."""

from __future__ import annotations

import contextlib
import mmap
import sys
from pathlib import Path
from typing import Any, Optional

from .small_files import read_text, whole_number

ARENA_ALIGNMENT = 64
"""Of tensors in TensorFlow Lite's arena."""


def peak_memory_bytes() -> Optional[int]:
    """The most memory this process has held so far, mapped files included; None where the system does not say."""
    # What getrusage says begins with the parent's size at the time of the exec, which may be far larger.
    for line in read_text(Path("/proc/self/status")).splitlines():
        words = line.split()
        if words[:1] == ["VmHWM:"] and len(words) == 3:
            kibibytes = whole_number(words[1])
            return None if kibibytes is None else kibibytes * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes() -> Optional[int]:
    """The memory this process holds now, mapped files included; None where there is no /proc."""
    words = read_text(Path("/proc/self/statm")).split()
    pages = whole_number(words[1]) if len(words) > 1 else None
    return None if pages is None else pages * mmap.PAGESIZE


def forget_peak() -> None:
    """Lets the peak begin anew, where the kernel can do that (man 5 proc_pid_clear_refs); else it stays."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def arena_bytes(interpreter: Any, model: Optional[bytes] = None) -> Optional[int]:
    """The memory that an interpreter keeps for its inputs, outputs and what plain kernels hand on to each other.

    What a delegate keeps for itself is no part of it.

    Args:
        interpreter: with its tensors allocated.
        model: the bytes it was made from; None where it has mapped a file.

    Returns:
        bytes, each tensor aligned as in the arena and places shared by several counted once; None where constants
        cannot be told apart, because there is no /proc.
    """
    import numpy as np

    constants = _file_mappings()
    if constants is None:
        return None
    if model is not None:
        start = np.frombuffer(model, np.uint8).__array_interface__["data"][0]
        constants.append((start, start + len(model)))
    covered, end = 0, 0
    for low, high in sorted(_places(interpreter)):
        if not any(first <= low < last for first, last in constants):
            aligned = -(-high // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
            covered += max(aligned - max(low, end), 0)
            end = max(end, aligned)
    return covered


def _places(interpreter: Any) -> list[tuple[int, int]]:
    found = []
    for detail in interpreter.get_tensor_details():
        try:
            view = interpreter.tensor(detail["index"])()
        except (ValueError, RuntimeError):  # it has no memory: a delegate keeps it, or it is not used
            continue
        start = view.__array_interface__["data"][0]
        if view.nbytes:
            found.append((start, start + view.nbytes))
    return found


def _file_mappings() -> Optional[list[tuple[int, int]]]:
    """Addresses at which files are mapped (man 5 proc_pid_maps)."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return None
    found = []
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[4] != "0":
            low, _, high = words[0].partition("-")
            found.append((int(low, 16), int(high, 16)))
    return found
