"""Reading and writing all variables of a network or an optimizer at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def read(owner: Any) -> list[np.ndarray]:
    """Copies of all variables, in order: of a network its weights, and the states of its random layers."""
    return [np.array(one) for one in owner.variables]


def write(owner: Any, values: Sequence[np.ndarray]) -> None:
    """Sets all variables."""
    for variable, value in zip(owner.variables, values, strict=True):
        variable.assign(value)


def seed_random_layers(network: Any, seed: int) -> None:
    """Sets the states of dropout and the like, which Keras draws anew in every process."""
    weights = {id(one) for one in network.weights}
    states = [one for one in network.variables if id(one) not in weights]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], state.dtype)[: int(np.prod(state.shape))].reshape(state.shape))
