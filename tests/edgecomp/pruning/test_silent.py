"""Channels that are dead on samples only, or in integers only."""

from __future__ import annotations

import numpy as np
from killing import (
    close_relu,
    widths_of,
)
from pruning_oracle import outputs_of
from small_networks import SIZE, chain, conv, head

from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.dead import remove_dead, without
from edgecomp.pruning.silent import find_silent, remove_silent


def test_silent_channels_are_not_dead() -> None:
    """A channel that opens for bright photos only."""
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    close_relu(model, "a", [1, 2], highest_input=0.5)
    dark = np.random.default_rng(1).uniform(0, 0.5, (40, SIZE, SIZE, 3)).astype(np.float32)
    graph = analyze(model)
    assert remove_dead(model, input_range={"photo": (0, 1)})[1] == ()
    silent = find_silent(model, graph, dark)
    assert silent.channels == (1, 2)
    smaller = without(model, graph, silent)
    assert widths_of(smaller, "a") == [6]
    np.testing.assert_allclose(outputs_of(smaller, [dark])[0], outputs_of(model, [dark])[0], atol=1e-5)
    bright = [np.full((1, SIZE, SIZE, 3), 2.0, np.float32)]
    assert np.abs(outputs_of(smaller, bright)[0] - outputs_of(model, bright)[0]).max() > 1e-3


def test_weights_that_round_to_zero_in_int8_are_an_option() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    kernel, bias = model.get_layer("b").get_weights()
    kernel[:, :, 3:5] = 0.0
    step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
    kernel[:, :, 3:5] = 0.49 * step
    kernel[0, 1, 4, 2] = 0.51 * step[2]
    model.get_layer("b").set_weights([kernel, bias])
    assert remove_dead(model)[1] == ()
    smaller, (dead,) = remove_dead(model, quantized_zero=True)
    assert dead.channels == (3,)
    left = smaller.get_layer("b").get_weights()[0]
    np.testing.assert_array_equal(np.round(left / step), np.round(np.delete(kernel, 3, axis=2) / step))


def test_silent_channels_can_be_removed() -> None:
    model = chain(conv("a", 8, activation="relu"), conv("b", 4), *head())
    close_relu(model, "a", [1, 2], highest_input=0.5)
    dark = np.random.default_rng(1).uniform(0, 0.5, (40, SIZE, SIZE, 3)).astype(np.float32)
    smaller, silent = remove_silent(model, dark)
    assert silent.channels == (1, 2)
    assert widths_of(smaller, "a") == [6]
    bright = dark * 8
    same, none = remove_silent(model, bright)
    assert same is model
    assert none.channels == ()
