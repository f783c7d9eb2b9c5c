"""Golden samples: real and random ones, of which little has to be sent."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.bundle import Goldens
from edgecomp.bundle.pack import npz
from edgecomp.pipeline.packing import GOLDEN_VALUES, golden_feeds, in_blocks
from edgecomp.transport import encode

MOST_TIMES = 100
"""Its size in a bundle, that a file may have when it is unpacked; see docs/bundle.md."""


@given(shape=st.lists(st.integers(1, 40), min_size=1, max_size=3).map(lambda one: (1, *one)), most=st.integers(1, 5000))
def test_blocks_keep_shape_and_dtype_and_leave_few_values(shape: tuple[int, ...], most: int) -> None:
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)

    made = in_blocks(array, most)

    channels = shape[-1] if len(shape) > 2 else 1
    assert made.shape == array.shape
    assert made.dtype == array.dtype
    assert len(np.unique(made)) <= max(most, channels)
    assert set(np.unique(made)) <= set(np.unique(array))
    if array.size <= most:
        np.testing.assert_array_equal(made, array)


def photos(side: int, *, black: int = 0) -> list[dict[str, np.ndarray]]:
    """Four photos of noise, some of which are black."""
    rng = np.random.default_rng(1)
    made = [rng.integers(0, 256, (1, side, side, 3)) * (number >= black) for number in range(4)]
    return [{"photo": one.astype(np.float32)} for one in made]


@pytest.mark.parametrize("side", [32, 224, 640])
@pytest.mark.parametrize("black", [0, 3])
def test_goldens_of_photos_take_little_and_never_so_little_that_devices_refuse_them(side: int, black: int) -> None:
    feeds = golden_feeds(photos(side, black=black), 0, hide_samples=False)
    inputs = np.concatenate([one["photo"] for one in feeds]).astype(np.uint8)
    stored = npz(Goldens((inputs,), (np.zeros((5, 10), np.int8),), 4, exact_on=""))
    sent = min(len(zlib.compress(stored, 9)), len(encode(stored)))

    assert len(feeds) == 5
    assert sent < 5 * GOLDEN_VALUES + inputs[0].size / 8 + 1000
    assert len(stored) / sent < MOST_TIMES


def test_hidden_samples_are_all_random() -> None:
    real = photos(64)

    feeds = golden_feeds(real, 0, hide_samples=True)

    assert len(feeds) == 5
    for one in feeds:
        assert not any(np.array_equal(one["photo"], in_blocks(other["photo"], GOLDEN_VALUES)) for other in real)
