"""How arrays are handed over in Python: with labels or not, by the inputs' names or in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec
from ..wording import listed


def x_and_y(item: Any) -> tuple[Any, Any]:
    """Inputs and labels of what was given: x, Keras' (x,), (x, y) and (x, y, weights), or a mapping with `y`."""
    if isinstance(item, Mapping):
        inputs = {key: value for key, value in item.items() if key != "y"}
        return (inputs["x"] if set(inputs) == {"x"} else inputs), item.get("y")
    if isinstance(item, tuple) and len(item) in (1, 2, 3):
        return item[0], item[1] if len(item) > 1 else None
    return item, None


def by_input(where: str, x: Any, inputs: Sequence[TensorSpec]) -> dict[str, np.ndarray]:
    """Arrays by the inputs' names.

    Args:
        where: what messages call it.
        x: an array; for several inputs a list of arrays in their order, or a mapping by their names.
        inputs: the model's inputs.

    Raises:
        InputError: there are other arrays than inputs, or one is ragged.
    """
    wanted = [one.name for one in inputs]
    if isinstance(x, Mapping):
        if set(x) != set(wanted):
            raise InputError(
                f"{where}: has arrays for {listed(list(x))}, but the model's inputs are {listed(wanted)}; "
                "give one for each"
            )
        return {name: as_array(where, x[name]) for name in wanted}
    values = list(x) if len(wanted) > 1 and isinstance(x, (list, tuple)) else [x]
    if len(values) != len(wanted):
        raise InputError(
            f"{where}: {len(values)} array(s) for the model's {len(wanted)} inputs {listed(wanted)}; give one for each"
        )
    return {name: as_array(where, value) for name, value in zip(wanted, values, strict=True)}


def as_array(where: str, value: Any) -> np.ndarray:
    """An array of what was given, tensors included.

    Raises:
        InputError: it is ragged.
    """
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: is not an array of numbers ({error})") from error
