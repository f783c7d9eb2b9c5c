"""int4 constants: reading back what was packed, and where each half byte lies."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.tflite.int4 import pack_int4, unpack_int4


@given(st.lists(st.integers(-8, 7), max_size=40))
def test_what_was_packed_comes_back(values: list[int]) -> None:
    array = np.array(values, np.int8)
    packed = pack_int4(array)
    assert packed.dtype == np.uint8
    assert len(packed) == (len(values) + 1) // 2
    np.testing.assert_array_equal(unpack_int4(packed, len(values)), array)


@given(st.binary(min_size=1, max_size=20))
def test_what_was_unpacked_packs_to_the_same_bytes(stored: bytes) -> None:
    array = np.frombuffer(stored, np.uint8)
    np.testing.assert_array_equal(pack_int4(unpack_int4(array, 2 * len(stored))), array)


def test_the_first_value_lies_in_the_low_half() -> None:
    np.testing.assert_array_equal(pack_int4(np.array([1, -2, 7], np.int8)), [0xE1, 0x07])
