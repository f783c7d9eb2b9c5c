"""Messages there and back."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edgecomp.worker.wire import receive, send

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)
ARRAYS = arrays.arrays(
    st.sampled_from([np.int8, np.uint8, np.float32, np.int64]), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0)
)


def sent(*messages: Any) -> io.BytesIO:
    pipe = io.BytesIO()
    for one in messages:
        send(pipe, one)
    pipe.seek(0)
    return pipe


@given(PLAIN, PLAIN)
def test_messages_arrive_in_order_as_they_were(one: Any, other: Any) -> None:
    pipe = sent(one, other)
    assert receive(pipe) == one
    assert receive(pipe) == other
    with pytest.raises(EOFError):
        receive(pipe)


@given(st.lists(ARRAYS, max_size=4))
def test_arrays_arrive_bit_for_bit_and_can_be_written_to(given_arrays: list[np.ndarray]) -> None:
    pipe = sent({"arrays": given_arrays, "twice": given_arrays})
    found = receive(pipe)
    assert pipe.read() == b""
    for wanted, got in zip(given_arrays, found["arrays"], strict=True):
        assert (got.dtype, got.shape, got.tobytes()) == (wanted.dtype, wanted.shape, wanted.tobytes())
        got[...] = 0


@pytest.mark.parametrize("view", ["columns", "backwards", "transposed", "read-only"])
def test_any_layout_of_memory_can_be_sent(view: str) -> None:
    whole = np.arange(60, dtype=np.float32).reshape(5, 4, 3)
    frozen = whole.copy()
    frozen.setflags(write=False)
    given_array = {
        "columns": whole[:, 1:3],
        "backwards": whole[::-1],
        "transposed": np.asfortranarray(whole),
        "read-only": frozen,
    }[view]
    assert np.array_equal(receive(sent(given_array)), given_array)


@given(st.data())
def test_a_message_that_breaks_off_is_told_from_a_whole_one(data: st.DataObject) -> None:
    whole = sent([np.arange(7), "text"]).getvalue()
    kept = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(EOFError):
        receive(io.BytesIO(whole[:kept]))
