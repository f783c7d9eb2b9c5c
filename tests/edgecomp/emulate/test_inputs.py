"""Made-up inputs fit every input a file can have."""

from __future__ import annotations

import numpy as np
import pytest

from edgecomp.emulate.inputs import made_up_inputs
from edgecomp.errors import InputError
from edgecomp.tflite import Quantization, Subgraph, Tensor, TfliteModel


def _model(tensor: Tensor) -> TfliteModel:
    return TfliteModel(0, (Subgraph(0, "main", (tensor,), (), (0,), ()),))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_quantized_inputs_use_all_their_range(dtype: str) -> None:
    tensor = Tensor(0, "photo", (1, 64, 64, 4), dtype, quantization=Quantization((0.1,), (3,)))
    (values,) = made_up_inputs(_model(tensor), samples=2)
    assert values.dtype == np.dtype(dtype)
    assert values.shape == (2, 1, 64, 64, 4)
    width = np.iinfo(dtype).max - np.iinfo(dtype).min
    assert np.ptp(values.astype(np.int64)) > 0.98 * width
    np.testing.assert_array_equal(values, made_up_inputs(_model(tensor), samples=2)[0])


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool"])
def test_what_may_be_an_index_is_zero(dtype: str) -> None:
    (values,) = made_up_inputs(_model(Tensor(0, "token", (1, 9), dtype)))
    assert values.dtype == np.dtype(dtype)
    assert not values.any()


def test_text_cannot_be_made_up() -> None:
    with pytest.raises(InputError, match="string"):
        made_up_inputs(_model(Tensor(0, "words", (1,), "string")))
