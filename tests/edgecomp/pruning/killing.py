"""Kills channels of networks in known ways."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from pruning_oracle import outputs_of, randomize


def randomized(model: Any) -> Any:
    """The model itself, each weight with a random value."""
    randomize(model)
    return model


def zero_gamma(model: Any, layer: str, betas: Mapping[int, float]) -> None:
    """Sets gamma of some channels to 0, and beta as told."""
    norm = model.get_layer(layer)
    gamma, beta = np.array(norm.gamma), np.array(norm.beta)
    for channel, value in betas.items():
        gamma[channel], beta[channel] = 0.0, value
    norm.gamma.assign(gamma)
    norm.beta.assign(beta)


def zero_weights(model: Any, layer: str, biases: Mapping[int, float], *, instead: float = 0.0) -> None:
    """Sets the weights of some outputs to 0 (or `instead`), and their biases as told."""
    made = model.get_layer(layer)
    kernel = np.array(made.kernel)
    kernel[..., list(biases)] = instead
    made.kernel.assign(kernel)
    if made.use_bias:
        bias = np.array(made.bias)
        bias[list(biases)] = list(biases.values())
        made.bias.assign(bias)


def zero_inputs(model: Any, layer: str, channels: Iterable[int]) -> None:
    """Sets a convolution's weights for some of its input channels to 0."""
    reader = model.get_layer(layer)
    kernel = np.array(reader.kernel)
    kernel[..., list(channels), :] = 0.0
    reader.kernel.assign(kernel)


def close_relu(model: Any, layer: str, channels: Iterable[int], *, highest_input: float) -> None:
    """Gives channels a bias that inputs from 0 to `highest_input` can just not overcome."""
    made = model.get_layer(layer)
    kernel, bias = np.array(made.kernel), np.array(made.bias)
    for channel in channels:
        bias[channel] = -1.001 * highest_input * np.maximum(kernel[..., channel], 0).sum()
    made.bias.assign(bias)


def zero_candidate(model: Any, layer: str, units: list[int]) -> None:
    """Takes the new state's candidate from recurrent units, which then stay at 0."""
    recurrent = model.get_layer(layer)
    start = {"LSTM": 2, "GRU": 2, "SimpleRNN": 0}[type(recurrent).__name__] * recurrent.units
    columns = [start + unit for unit in units]
    for variable in recurrent.weights:
        value = np.array(variable)
        value[..., columns] = 0.0
        variable.assign(value)


def widths_of(model: Any, *layers: str) -> list[int]:
    """How many channels layers make."""
    return [int(model.get_layer(name).output.shape[-1]) for name in layers]


def assert_same_outputs(first: Any, second: Any, *, low: float = -1.0, high: float = 1.0, count: int = 8) -> None:
    """Both models give the same for random inputs, to 1e-5 of the outputs' scale."""
    rng = np.random.default_rng(7)
    for scale in (1.0, 0.1):
        given = [
            rng.uniform(low * scale, high * scale, (count, *tensor.shape[1:])).astype(tensor.dtype)
            for tensor in first.inputs
        ]
        for one, other in zip(outputs_of(first, given), outputs_of(second, given), strict=True):
            np.testing.assert_allclose(other, one, rtol=0, atol=1e-5 * max(1.0, float(np.abs(one).max())))
