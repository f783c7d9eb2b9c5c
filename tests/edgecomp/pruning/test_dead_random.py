"""Random networks with random channels killed: the outputs stay, and bounds hold what really occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from killing import assert_same_outputs
from pruning_oracle import randomize
from random_networks import Block, Recipe, build, networks

from edgecomp.pruning.bounds.network import input_bounds, tensor_bounds
from edgecomp.pruning.dead import remove_dead
from edgecomp.pruning.flatten import flatten
from edgecomp.pruning.silent import observed_bounds
from edgecomp.pruning.variables import layer_variables


def kill(model: Any, seed: int) -> None:
    """Zeroes the weights of a third of the channels in half of the layers, and of gammas; biases stay or become 0."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        named = layer_variables(layer)
        if not named or rng.random() < 0.5:
            continue
        last = next((one for path, one in named.items() if path in ("kernel", "gamma", "pointwise_kernel")), None)
        if last is None:
            continue
        doomed = rng.random(last.shape[-1]) < 0.33
        bias = named.get("bias", named.get("beta"))
        last.assign(np.where(doomed, 0.0, np.array(last)))
        if bias is not None and tuple(bias.shape) == doomed.shape:
            bias.assign(np.where(doomed & (rng.random(doomed.size) < 0.7), -np.abs(np.array(bias)), np.array(bias)))


def ranges_of(model: Any) -> dict[str, tuple[float, float]]:
    return {tensor.name: (0, 7) if "int" in tensor.dtype else (-1.0, 1.0) for tensor in model.inputs}


def in_range(model: Any, seed: int, count: int = 16) -> dict[str, np.ndarray]:
    """Inputs within `ranges_of`, some of them at its ends."""
    rng = np.random.default_rng(seed)
    found = {}
    for tensor, (low, high) in zip(model.inputs, ranges_of(model).values(), strict=True):
        shape = (count, *tensor.shape[1:])
        value = rng.uniform(low, high, shape)
        value[: count // 2] = rng.choice([low, high], (count // 2, *shape[1:]))
        found[tensor.name] = value.astype(tensor.dtype)
    return found


def check_outputs_stay(recipe: Recipe, seed: int) -> None:
    """Dead channels go, all that can be found, and nothing else changes."""
    model = build(recipe)
    randomize(model, seed)
    kill(model, seed)
    smaller, _ = remove_dead(model, input_range=ranges_of(model))
    low, high = ranges_of(model)[model.inputs[0].name]
    assert_same_outputs(model, smaller, low=low, high=high)
    assert remove_dead(smaller, input_range=ranges_of(smaller))[1] == ()


def check_bounds_hold(model: Any, seed: int, count: int = 16) -> None:
    """What the tensors contain for random inputs lies within what is said to be possible."""
    proven = tensor_bounds(model, input_bounds(model, ranges_of(model)))
    for name, seen in observed_bounds(model, in_range(model, seed, count)).items():
        slack = 1e-5 * np.maximum(1.0, np.maximum(np.abs(seen.low), np.abs(seen.high)))
        assert (seen.low >= proven[name].low - slack).all(), name
        assert (seen.high <= proven[name].high + slack).all(), name


def killed_network(recipe: Recipe, seed: int) -> Any:
    model = build(recipe)
    randomize(model, seed)
    kill(model, seed)
    return flatten(model)


@settings(max_examples=6, derandomize=True)
@given(networks(), st.integers(0, 10**6))
def test_outputs_stay_when_dead_channels_go(recipe: Recipe, seed: int) -> None:
    check_outputs_stay(recipe, seed)


MASKED_MERGE = Recipe("padded_words", (Block("time_merged", 2, 3),), Block("last_state", 2, 0))
"""A product of which one factor is hidden by a mask in places, where it is the other factor alone."""

MASKED_STEPS = Recipe("padded_words", (Block("over_time", 2, 2),), Block("last_state", 2, 0))
"""A TimeDistributed layer that is given a mask, too."""


@settings(max_examples=8, derandomize=True)
@given(networks(), st.integers(0, 10**6))
@example(MASKED_MERGE, 5)
@example(MASKED_STEPS, 0)
def test_what_occurs_is_within_the_bounds(recipe: Recipe, seed: int) -> None:
    check_bounds_hold(killed_network(recipe, seed), seed)


@pytest.mark.slow
@settings(max_examples=100)
@given(networks(), st.integers(0, 10**6))
def test_outputs_stay_in_many_networks(recipe: Recipe, seed: int) -> None:
    check_outputs_stay(recipe, seed)


@pytest.mark.slow
@settings(max_examples=100)
@given(networks(), st.integers(0, 10**6))
def test_bounds_hold_in_many_networks(recipe: Recipe, seed: int) -> None:
    check_bounds_hold(killed_network(recipe, seed), seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny", "ResNet50V2"])
def test_bounds_hold_in_published_architectures(name: str) -> None:
    import keras

    model = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=10)
    randomize(model)
    check_bounds_hold(flatten(model), 0, count=4)
