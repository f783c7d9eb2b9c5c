"""A table's Normalization layer moves into the contract where int8 would lose columns to it, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess, prepare
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.export.graph import reference_outputs
from edgecomp.export.normalization import Moved, move_normalization
from edgecomp.models import from_keras

UNLIKE = ([1.0, 200.0, 3.0, 10_000.0], [1.0, 900.0, 0.01, 1e8])
ALIKE = ([0.0, 0.5, -0.5, 0.1], [1.0, 1.2, 0.8, 1.1])


def normalized(mean: Sequence[float], variance: Sequence[float], **options: Any) -> keras.layers.Normalization:
    return keras.layers.Normalization(mean=list(mean), variance=list(variance), **options)


def network(layer: Any, columns: int = 4) -> keras.Model:
    table = keras.Input((columns,), name="table")
    x = layer(table)
    y = keras.layers.Add()([keras.layers.Dense(6, activation="relu")(x), keras.layers.Dense(6)(x)])
    return keras.Model(table, keras.layers.Dense(3)(y))


def agrees(moved: Moved, mean: Sequence[float], variance: Sequence[float]) -> bool:
    """Whether raw rows through the contract and the cut network give what the original gives for them."""
    model = moved.model
    contract = moved.scaled(build_contract(parse_preprocess("none"), model.inputs, model.outputs, images=False))
    rng = np.random.default_rng(1)
    original, cut = reference_outputs(moved.original), reference_outputs(model)
    for _ in range(5):
        row = (rng.normal(size=len(mean)) * np.sqrt(variance) + mean).astype(np.float32)
        wanted = original({model.inputs[0].name: row[None]})[0]
        got = cut({model.inputs[0].name: prepare(contract.inputs[0], row)})[0]
        if not np.allclose(wanted, got, rtol=1e-3, atol=1e-3 * float(np.abs(wanted).max())):
            return False
    return True


def test_columns_of_unlike_scale_are_scaled_by_the_contract_instead() -> None:
    moved = move_normalization(from_keras(network(normalized(*UNLIKE))))
    assert set(moved.scalings) == {"table"}
    assert not any(isinstance(layer, keras.layers.Normalization) for layer in moved.model.keras_model.layers)
    assert [spec.name for spec in moved.model.inputs] == ["table"]
    assert any("moved into the preprocessing contract" in warning for warning in moved.model.warnings)
    assert agrees(moved, *UNLIKE)


def test_the_original_is_left_as_it_was() -> None:
    opened = from_keras(network(normalized(*UNLIKE)))
    layers = [layer.name for layer in opened.keras_model.layers]
    moved = move_normalization(opened)
    assert moved.original is opened
    assert [layer.name for layer in opened.keras_model.layers] == layers


def test_a_sequential_model_is_cut_as_well() -> None:
    model = keras.Sequential([keras.Input((4,)), normalized(*UNLIKE), keras.layers.Dense(3)])
    moved = move_normalization(from_keras(model))
    assert len(moved.scalings) == 1
    assert agrees(moved, *UNLIKE)


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(normalized(*ALIKE), id="columns of one scale"),
        pytest.param(normalized(*UNLIKE, invert=True), id="the inverse"),
        pytest.param(keras.layers.Rescaling(1 / 255), id="another layer"),
    ],
)
def test_nothing_moves_without_need(layer: Any) -> None:
    opened = from_keras(network(layer))
    moved = move_normalization(opened)
    assert moved.model is opened
    assert not moved.scalings


def test_an_input_with_a_second_reader_keeps_its_layer() -> None:
    table = keras.Input((4,), name="table")
    both = keras.layers.Concatenate()([normalized(*UNLIKE)(table), table])
    opened = from_keras(keras.Model(table, keras.layers.Dense(2)(both)))
    assert move_normalization(opened).model is opened


def test_photos_keep_their_layer() -> None:
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3)(normalized([120.0, 110.0, 100.0], [3000.0, 3000.0, 3000.0])(image))
    opened = from_keras(keras.Model(image, x))
    assert move_normalization(opened).model is opened


def test_of_several_inputs_only_the_one_in_need_is_cut() -> None:
    table, other = keras.Input((4,), name="table"), keras.Input((2,), name="other")
    joined = keras.layers.Concatenate()([normalized(*UNLIKE)(table), other])
    moved = move_normalization(from_keras(keras.Model([table, other], keras.layers.Dense(2)(joined))))
    assert set(moved.scalings) == {"table"}
    assert [spec.name for spec in moved.model.inputs] == ["table", "other"]


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(1e-4, 1e6)), min_size=2, max_size=5))
def test_whatever_the_statistics_the_answers_stay(columns: list[tuple[float, float]]) -> None:
    mean, variance = zip(*columns, strict=True)
    moved = move_normalization(from_keras(network(normalized(mean, variance), len(columns))))
    assert not moved.scalings or agrees(moved, mean, variance)
