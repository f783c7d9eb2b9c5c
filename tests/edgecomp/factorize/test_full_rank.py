"""The oracle: at full rank every form computes what the layer did, wherever it stands."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from keras import layers
from low_rank_networks import difference

from edgecomp.factorize.finding import find_layers, network_macs
from edgecomp.factorize.forms import Option, cost_of, forms_for, full_ranks
from edgecomp.factorize.patches import choose_places, patches_at
from edgecomp.factorize.rebuild import with_low_rank

# Shrinking would take minutes, and the cases are small as they are.
SLOWLY = {"suppress_health_check": list(HealthCheck), "phases": (Phase.explicit, Phase.generate)}


@st.composite
def convolutions(draw: st.DrawFn, axes: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Options of a convolution and the shape of what it reads."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    window = tuple(draw(st.integers(1, 4)) for _ in range(axes))
    strides = draw(st.sampled_from([(1,) * axes, (2,) * axes, (3,) * axes]))
    dilation = draw(st.sampled_from([(1,) * axes, (2,) * axes])) if max(strides) == 1 else (1,) * axes
    padding = draw(st.sampled_from(["same", "valid", *(["causal"] if axes == 1 else [])]))
    shape = (*(draw(st.integers(9, 11)) for _ in range(axes)), groups * draw(st.integers(1, 4)))
    options = {
        "filters": groups * draw(st.integers(1, 4)),
        "kernel_size": window,
        "strides": strides,
        "dilation_rate": dilation,
        "padding": padding,
        "groups": groups,
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from([None, "relu", "tanh"])),
    }
    return options, shape


def placed(layer: Any, shape: tuple[int, ...], *, normal: bool) -> Any:
    inputs = keras.Input(shape)
    value = layer(layers.ReLU()(inputs))
    if normal:
        value = layers.BatchNormalization(name="norm")(value)
    model = keras.Model(inputs, value)
    random = np.random.default_rng(0)
    for variable in model.weights:
        sizes = tuple(variable.shape)
        positive = variable.name in ("gamma", "moving_variance")
        variable.assign(random.uniform(0.5, 1.5, sizes) if positive else random.normal(0, 0.5, sizes))
    return model


def check_all_forms(model: Any, shape: tuple[int, ...], *, with_data: bool) -> None:
    samples = np.random.default_rng(1).normal(size=(6, *shape)).astype(np.float32)
    (layer,), _ = find_layers(model)
    for form in forms_for(layer):
        option = Option(form, full_ranks(layer, form))
        made = with_low_rank(model, {layer.name: (layer, option)}, [samples] if with_data else None, 0)
        assert difference(model, made, samples) < 1e-4, form
        assert difference(model, made, 3 * samples[::-1]) < 1e-4, form
        assert network_macs(made) == cost_of(layer, option).macs
        norm = 4 * layer.outputs if any(isinstance(one, layers.BatchNormalization) for one in model.layers) else 0
        assert made.count_params() == cost_of(layer, option).params + norm


@settings(max_examples=4, derandomize=True, **SLOWLY)
@given(convolutions(2), st.booleans(), st.booleans())
def test_convolutions_over_images(made: tuple[dict[str, Any], tuple[int, ...]], normal: bool, data: bool) -> None:
    check_convolution(made, normal, data)


@pytest.mark.slow
@settings(max_examples=100, **SLOWLY)
@given(convolutions(2), st.booleans(), st.booleans())
def test_many_convolutions_over_images(made: tuple[dict[str, Any], tuple[int, ...]], normal: bool, data: bool) -> None:
    check_convolution(made, normal, data)


def check_convolution(made: tuple[dict[str, Any], tuple[int, ...]], normal: bool, data: bool) -> None:
    keras.backend.clear_session()
    options, shape = made
    check_all_forms(placed(layers.Conv2D(**options, name="layer"), shape, normal=normal), shape, with_data=data)


@settings(max_examples=4, derandomize=True, **SLOWLY)
@given(convolutions(1), st.booleans())
def test_convolutions_over_sequences(made: tuple[dict[str, Any], tuple[int, ...]], data: bool) -> None:
    keras.backend.clear_session()
    options, shape = made
    check_all_forms(placed(layers.Conv1D(**options, name="layer"), shape, normal=False), shape, with_data=data)


@pytest.mark.parametrize("shape", [(7,), (5, 7), (3, 4, 7)])
@pytest.mark.parametrize("data", [True, False])
def test_dense_layers(shape: tuple[int, ...], data: bool) -> None:
    layer = layers.Dense(5, activation="sigmoid", name="layer")
    check_all_forms(placed(layer, shape, normal=False), shape, with_data=data)


@settings(max_examples=15, **SLOWLY)
@given(convolutions(2))
def test_patches_are_what_the_layer_reads(made: tuple[dict[str, Any], tuple[int, ...]]) -> None:
    options, shape = made
    assume(options["groups"] == 1)
    layer = layers.Conv2D(**{**options, "activation": None, "use_bias": False})
    samples = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    given_out = np.asarray(layer(samples))
    places = choose_places(given_out.shape[:-1], 0)
    rows = patches_at(layer, samples, places)
    kernel = np.asarray(layer.kernel)
    expected = rows.reshape(len(rows), -1) @ kernel.reshape(-1, kernel.shape[-1])
    np.testing.assert_allclose(expected, given_out.reshape(expected.shape), atol=1e-5)


def test_places_are_chosen_by_the_seed_alone() -> None:
    first, again, other = (choose_places((40, 32, 32), seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) == len(first)
