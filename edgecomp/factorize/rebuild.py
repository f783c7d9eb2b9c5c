"""The new model: layers of low rank in the places of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pruning.calls import Call, list_calls
from ..pruning.copying import assign, copy_operation, values_of
from ..pruning.replay import assemble, run_calls
from .fitting import Chosen, fit_in_order
from .sublayers import make_sublayers, set_weights
from .walk import Progress

if TYPE_CHECKING:
    import keras


def with_low_rank(
    model: keras.Model,
    chosen: Chosen,
    samples: Sequence[np.ndarray] | None,
    seed: int,
    progress: Progress = lambda done, of: None,
) -> keras.Model:
    """The model with some layers written as smaller ones.

    See `fitting.fit_in_order` for how the smaller layers come to their weights.

    Args:
        model: functional, flattened; it is left as it is.
        chosen: how which layers are written.
        samples: for each input [samples, ...]; None fits to the weights alone.
        seed: of the places that are looked at.
        progress: is told how many of the layers are done.

    Returns:
        a new model, not compiled; layers keep their names, and the last of those that stand for one has its name.

    Raises:
        InputError: a layer cannot be made anew from its configuration.
    """
    fitted = fit_in_order(model, chosen, samples, seed, progress)
    calls = list_calls(model)
    first = {call.layer: call.operation for call in reversed(calls)}
    new = {
        name: make_sublayers(operation, *chosen[name], taken=first) if name in chosen else [copy_operation(operation)]
        for name, operation in first.items()
    }

    def run(call: Call, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        value = new[call.layer][0](*arguments, **keywords)
        for sublayer in new[call.layer][1:]:
            value = sublayer(value)
        return value

    inputs = [new[tensor._keras_history.operation.name][0].output for tensor in model.inputs]
    made = assemble(model, inputs, run_calls(model, inputs, run))
    for name, sublayers in new.items():
        if name in chosen:
            set_weights(sublayers, *fitted[name])
        else:
            assign(sublayers[0], values_of(first[name]))
    return made
