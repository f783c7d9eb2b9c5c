"""Floats around integer edges: what lies between computes what it did, and names and signatures stay."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.model import Model

from edgecomp.tflite import read_tflite, with_signature
from edgecomp.tflite.float_edges import with_float_edges

from ...browser.phone_bundles import convolution


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A network with int8 edges."""
    return with_signature(convolution(int8_edges=True), ["photo"], ["scores"])


def test_any_stored_input_gives_the_same_stored_output(whole: bytes) -> None:
    before, after = Model.load(whole), Model.load(with_float_edges(whole))
    given, answer = before.inputs[0], before.outputs[0]
    random = np.random.default_rng(3)
    for _ in range(20):
        stored = random.integers(-128, 128, given.shape).astype(np.int8)
        wanted = answer.decode(before.run_stored([stored])[0])
        np.testing.assert_array_equal(after.run_stored([given.decode(stored)])[0], wanted)


def test_names_shapes_and_signature_stay(whole: bytes) -> None:
    before, after = Model.load(whole), Model.load(with_float_edges(whole))
    for one, other in zip((*before.inputs, *before.outputs), (*after.inputs, *after.outputs), strict=True):
        assert (one.name, one.shape) == (other.name, other.shape)
        assert (one.stored_dtype, other.stored_dtype) == ("int8", "float32")
    assert [one.name for one in after.inputs] == ["photo"]


def test_a_file_with_float_edges_stays_as_it_is() -> None:
    plain = convolution()
    before, after = read_tflite(plain), read_tflite(with_float_edges(plain))
    assert [one.name for one in before.main.operators] == [one.name for one in after.main.operators]
