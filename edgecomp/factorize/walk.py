"""Runs a network call by call on numbers, beside a network that is being made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pruning.calls import Call, list_calls
from ..pruning.feeding import input_arrays, spread_out
from ..pruning.replay import run_calls

if TYPE_CHECKING:
    import keras

_MOST_SAMPLES = 128
_MOST_BYTES = 2**29
"""Of the largest tensors of all samples, of which a few are alive at a time."""


@dataclass(frozen=True, eq=False)
class Both:
    """A tensor of the original and what stands for it in the new network.

    Args:
        original: [samples, ...].
        new: likewise; the very same where nothing before it has changed.
    """

    original: Any
    new: Any


Replace = Callable[[Call, Both, Any], Any]
"""Gives what stands for a layer's output, from what it reads and what the original gives."""

Progress = Callable[[int, int], None]
"""Is told how many layers are done, and of how many."""


def samples_for(model: keras.Model, data: Any) -> list[np.ndarray]:
    """As many samples as are looked at, for each input: spread over all that are given.

    Raises:
        InputError: they do not fit the model.
    """
    arrays = input_arrays(model, data)
    sizes = (prod(one or 1 for one in tensor.shape[1:]) for call in list_calls(model) for tensor in call.outputs)
    most = max(1, _MOST_BYTES // (4 * max(sizes)))
    chosen = spread_out(len(arrays[0]), min(_MOST_SAMPLES, most))
    return [one[chosen] for one in arrays]


def walk(model: keras.Model, samples: Sequence[np.ndarray], replaced: dict[str, Replace]) -> list[Both]:
    """Runs both networks; each tensor is kept as long as somebody still reads it.

    Args:
        model: a functional model, flattened.
        samples: for each input [samples, ...].
        replaced: for the calls of some layers, by their names, what the new network does instead.

    Returns:
        what they give.
    """
    import keras

    def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        given = [one for one in keras.tree.flatten((arguments, keywords)) if isinstance(one, Both)]
        original = _called(call, arguments, keywords, "original")
        if call.layer in replaced:
            return [Both(original[0], replaced[call.layer](call, given[0], original[0]))]
        same = all(one.original is one.new for one in given)
        new = original if same else _called(call, arguments, keywords, "new")
        return [Both(*pair) for pair in zip(original, new, strict=True)]

    tensors = [keras.ops.convert_to_tensor(one) for one in samples]
    return run_calls(model, [Both(one, one) for one in tensors], run)


def _called(call: Call, arguments: list[Any], keywords: dict[str, Any], side: str) -> list[Any]:
    import keras

    def chosen(one: Any) -> Any:
        return getattr(one, side) if isinstance(one, Both) else one

    arguments, keywords = keras.tree.map_structure(chosen, (arguments, keywords))
    results: list[Any] = keras.tree.flatten(call.operation(*arguments, **keywords))
    return results
