"""What each way of writing a layer would lose, measured on samples where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..pruning.calls import Call
from .factors import kept_energy
from .forms import Option
from .layer import FactorableLayer
from .observing import Seen, output_gains, read_by, regressions_of
from .walk import Both, Progress, walk

if TYPE_CHECKING:
    import keras


def measured_losses(
    model: keras.Model,
    layers: Sequence[FactorableLayer],
    options: Mapping[str, Sequence[Option]],
    samples: Sequence[np.ndarray] | None,
    seed: int,
    progress: Progress,
) -> dict[str, list[float]]:
    """Which share of what each layer gives its options keep, the layers before it being as they are.

    Args:
        model: a functional model, flattened.
        layers: those that have options.
        options: by the layers' names.
        samples: for each input; None looks at the weights only.
        seed: of the places that are looked at.
        progress: is told how many of the layers are done.
    """
    gains = output_gains(model)
    by_name = {one.name: one for one in layers}
    kept: dict[str, list[float]] = {}
    seen: dict[str, list[Seen]] = {}

    def measure(operation: Any) -> None:
        layer = by_name[operation.name]
        regressions = regressions_of(operation, layer, gains.get(layer.name), seen.pop(layer.name, []))
        kept[layer.name] = kept_energy(regressions, layer, options[layer.name])
        progress(len(kept), len(layers))

    def look(call: Call, given: Both, result: Any) -> Any:
        rows = read_by(call, given.original, seed)
        seen.setdefault(call.layer, []).append((rows, rows))
        if len(seen[call.layer]) == len(by_name[call.layer].calls):
            measure(call.operation)
        return result

    if samples is None:
        for layer in layers:
            measure(model.get_layer(layer.name))
    else:
        walk(model, samples, dict.fromkeys(by_name, look))
    return kept
