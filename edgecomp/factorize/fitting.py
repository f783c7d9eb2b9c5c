"""Fits the kernels of low rank, one layer after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pruning.calls import Call
from .factors import composed, fit_kernels, response
from .forms import Option
from .layer import FactorableLayer
from .observing import Seen, output_gains, read_by, regressions_of
from .sublayers import build, make_sublayers, set_weights
from .walk import Both, Progress, Replace, walk

if TYPE_CHECKING:
    import keras

Chosen = Mapping[str, tuple[FactorableLayer, Option]]
"""By the names of the layers that are written otherwise."""

Fitted = tuple[list[np.ndarray], np.ndarray]
"""Kernels, and the bias of the last of them."""


def fit_in_order(
    model: keras.Model, chosen: Chosen, samples: Sequence[np.ndarray] | None, seed: int, progress: Progress
) -> dict[str, Fitted]:
    """Kernels and biases for layers that are written otherwise, by their names.

    With samples, each layer is fitted to what the original gives from what the new network, as far as it is fitted,
    reads; so that a layer makes good what it can of the errors before it (Zhang et al. 2015, section 2.4), and the mean
    of each output stays. A layer that is called more than once is fitted to what it reads in the original.

    Args:
        model: functional, flattened; it is left as it is.
        chosen: how which layers are written.
        samples: for each input [samples, ...]; None fits to the weights alone.
        seed: of the places that are looked at.
        progress: is told how many of the layers are done.
    """
    gains = output_gains(model)
    fitted: dict[str, Fitted] = {}
    if samples is None:
        for name in chosen:
            fitted[name] = _fit(model.get_layer(name), *chosen[name], gains.get(name), [])
            progress(len(fitted), len(chosen))
        return fitted
    seen = _seen_by_shared(model, chosen, samples, seed)

    def replace(call: Call, given: Both, original: Any) -> Any:
        layer, option = chosen[call.layer]
        if call.layer not in fitted:
            if call.layer not in seen:
                wanted = read_by(call, given.original, seed)
                same = given.new is given.original
                seen[call.layer] = [(wanted, wanted if same else read_by(call, given.new, seed))]
            fitted[call.layer] = _fit(call.operation, layer, option, gains.get(call.layer), seen.pop(call.layer))
            progress(len(fitted), len(chosen))
        sublayers = make_sublayers(call.operation, layer, option)
        build(sublayers, tuple(given.new.shape))
        set_weights(sublayers, *fitted[call.layer])
        value = given.new
        for sublayer in sublayers:
            value = sublayer(value)
        return value

    walk(model, samples, dict.fromkeys(chosen, replace))
    return fitted


def _seen_by_shared(
    model: keras.Model, chosen: Chosen, samples: Sequence[np.ndarray], seed: int
) -> dict[str, list[Seen]]:
    """What the layers read that are called more than once, in all of their calls."""
    seen: dict[str, list[Seen]] = {name: [] for name, (layer, _) in chosen.items() if len(layer.calls) > 1}

    def look(call: Call, given: Both, original: Any) -> Any:
        rows = read_by(call, given.original, seed)
        seen[call.layer].append((rows, rows))
        return original

    replaced: dict[str, Replace] = dict.fromkeys(seen, look)
    if replaced:
        walk(model, samples, replaced)
    return seen


def _fit(
    operation: Any,
    layer: FactorableLayer,
    option: Option,
    gains: np.ndarray | None,
    seen: Sequence[Seen],
) -> Fitted:
    """Kernels, and a bias by which the mean of each output stays what it was."""
    kernels = fit_kernels(regressions_of(operation, layer, gains, seen), layer, option)
    if gains is not None:
        kernels[-1] = kernels[-1] / gains
    bias = np.asarray(operation.bias, np.float64) if layer.has_bias else np.zeros(layer.outputs)
    if seen:
        wanted, given = (np.concatenate(parts).mean(axis=0) for parts in zip(*seen, strict=True))
        kernel = np.asarray(operation.kernel, np.float64)
        bias = bias + response(kernel, layer, wanted) - response(composed(kernels, layer), layer, given)
    return kernels, bias
