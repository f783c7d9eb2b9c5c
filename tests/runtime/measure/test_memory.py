"""What memory a process holds, and what of it is the arena."""

from __future__ import annotations

from pathlib import Path

import pytest
from edgecomp_runtime import Model
from edgecomp_runtime.engines import load_interpreter
from edgecomp_runtime.measure.memory import arena_bytes, forget_peak, peak_memory_bytes, resident_bytes

proc = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system has no /proc")


@proc
def test_the_peak_outlasts_what_was_held_until_it_is_forgotten() -> None:
    forget_peak()
    before = peak_memory_bytes()
    held = bytearray(64 * 2**20)
    now = resident_bytes()
    del held
    after = peak_memory_bytes()
    assert before is not None
    assert now is not None
    assert after is not None
    assert after - before > 48 * 2**20
    assert after > now - 2**20  # the kernel's counters are a few pages behind
    forget_peak()
    forgotten = peak_memory_bytes()
    assert forgotten is not None
    assert forgotten < after - 48 * 2**20


@proc
@pytest.mark.parametrize("from_bytes", [False, True])
def test_the_arena_holds_what_passes_between_kernels_and_no_weights(models: Path, from_bytes: bool) -> None:
    path = models / "table.tflite"
    content = path.read_bytes() if from_bytes else None
    interpreter, _ = load_interpreter(path if content is None else content, delegate=False)
    # Input [1, 5] and output [1, 3], float32, each filled up to 64 bytes; the weights are no part of it.
    assert arena_bytes(interpreter, content) == 2 * 64


@proc
def test_an_arena_counts_places_that_several_tensors_share_once(models: Path) -> None:
    interpreter, _ = load_interpreter(models / "photo_float.tflite", delegate=False)
    tensors = sum(4 * int(detail["shape"].prod()) for detail in interpreter.get_tensor_details())
    arena = arena_bytes(interpreter)
    assert arena is not None
    # The input [1, 12, 16, 3] and the first convolution's output [1, 6, 8, 8] are there at once.
    assert 4 * (12 * 16 * 3 + 6 * 8 * 8) <= arena < tensors


@proc
def test_a_delegates_own_memory_is_no_part_of_the_arena(models: Path) -> None:
    plain = Model.load(models / "photo_float.tflite", delegate=False)
    delegated = Model.load(models / "photo_float.tflite")
    assert delegated.engine.xnnpack
    less, more = arena_bytes(delegated._interpreter), arena_bytes(plain._interpreter)
    assert less is not None
    assert more is not None
    assert less < more
