"""Real numbers and stored integers are turned into each other as the specification says."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.contract import ImageContract, InputContract
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.preprocess import normalize
from edgecomp_runtime.quantization import dequantize, look_up, photo_table, quantize
from hypothesis import given
from hypothesis import strategies as st

_scales = st.floats(2.0**-20, 2.0**10, width=32)
_dtypes = st.sampled_from(["int8", "uint8", "int16"])


@st.composite
def _quantizations(draw: st.DrawFn) -> tuple[float, int, np.dtype]:
    dtype = np.dtype(draw(_dtypes))
    limits = np.iinfo(dtype)
    return draw(_scales), draw(st.integers(limits.min, limits.max)), dtype


@given(_quantizations())
def test_every_stored_value_comes_back_as_it_was(quantization: tuple[float, int, np.dtype]) -> None:
    scale, zero_point, dtype = quantization
    limits = np.iinfo(dtype)
    stored = np.arange(limits.min, limits.max + 1, dtype=np.int64).astype(dtype)
    np.testing.assert_array_equal(quantize(dequantize(stored, scale, zero_point), scale, zero_point, dtype), stored)


@given(_quantizations(), st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=20))
def test_a_value_in_range_is_off_by_half_a_step_and_any_other_takes_the_nearest_end(
    quantization: tuple[float, int, np.dtype], values: list[float]
) -> None:
    scale, zero_point, dtype = quantization
    limits = np.iinfo(dtype)
    real = np.array(values, np.float32)
    back = dequantize(quantize(real, scale, zero_point, dtype), scale, zero_point).astype(np.float64)
    low, high = (scale * (end - zero_point) for end in (limits.min, limits.max))
    nearest = np.clip(real.astype(np.float64), low, high)
    # float32 carries 24 bits: beside half a step, the division and the product may be off in the last of them.
    assert np.all(np.abs(back - nearest) <= scale * 0.5 + 4e-7 * np.maximum(np.abs(nearest), abs(low)) + 1e-12)


def test_ties_go_to_the_even_step() -> None:
    values = np.array([-1.5, -0.5, 0.5, 1.5, 2.5], np.float32)
    assert quantize(values, 1.0, 0, np.dtype("int8")).tolist() == [-2, 0, 0, 2, 2]
    assert quantize(values, 1.0, 1, np.dtype("int8")).tolist() == [-1, 1, 1, 3, 3]


def test_endless_values_take_the_ends_and_nan_is_refused() -> None:
    ends = np.array([np.inf, -np.inf, 3e38, -3e38], np.float32)
    assert quantize(ends, 0.5, -3, np.dtype("int8")).tolist() == [127, -128, 127, -128]
    with pytest.raises(InputError, match="NaN"):
        quantize(np.array([1.0, np.nan], np.float32), 0.5, 0, np.dtype("int8"))


def test_subtracting_the_zero_point_does_not_overflow() -> None:
    assert dequantize(np.array([127], np.int8), 1.0, -128).tolist() == [255.0]
    assert dequantize(np.array([-128], np.int8), 1.0, 127).tolist() == [-255.0]
    assert dequantize(np.array([2**31 - 1], np.int32), 1.0, -(2**31)).tolist() == [float(2**32)]


@given(
    _quantizations(),
    st.sampled_from([1, 3]),
    st.data(),
)
def test_looking_a_pixel_up_gives_what_computing_it_gives(
    quantization: tuple[float, int, np.dtype], channels: int, data: st.DataObject
) -> None:
    scale, zero_point, dtype = quantization
    count = data.draw(st.sampled_from([1, channels]))
    means = data.draw(st.lists(st.floats(-300, 300, width=32), min_size=count, max_size=count))
    stds = data.draw(st.lists(st.floats(2.0**-10, 300, width=32), min_size=count, max_size=count))
    contract = InputContract(
        "x", (1, 16, 16, channels), "float32", tuple(means), tuple(stds), ImageContract(16, 16, "rgb")
    )
    photo = np.random.default_rng(0).integers(0, 256, contract.shape, dtype=np.uint8)
    table = photo_table(contract, scale, zero_point, dtype)
    computed = quantize(normalize(contract, photo), scale, zero_point, dtype)
    found = look_up(table, photo)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, computed)
