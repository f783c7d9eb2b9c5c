"""Carries bounds through a functional network, from its inputs to every tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ..calls import Call, list_calls
from .elementwise import ELEMENTWISE
from .interval import Bounds, unbounded
from .moves import MOVES
from .site import Rule, Site, channels_of
from .weighted import WEIGHTED

if TYPE_CHECKING:
    import keras

Range = tuple["float | np.ndarray", "float | np.ndarray"]

_RULES: dict[str, Rule] = {**MOVES, **ELEMENTWISE, **WEIGHTED}


def input_bounds(model: keras.Model, input_range: Mapping[str, Range] | None = None) -> list[Bounds]:
    """The bounds of a model's inputs, in their order.

    Args:
        model: a functional or Sequential model.
        input_range: lowest and highest value of inputs, by input name: numbers, or arrays [channels]. Inputs that are
            not named are unbounded.

    Raises:
        InputError: `input_range` names an input that the model does not have, or a range that is none.
    """
    ranges = dict(input_range or {})
    bounds = [_range_of(tensor, ranges.pop(tensor.name, None)) for tensor in model.inputs]
    if ranges:
        known = ", ".join(tensor.name for tensor in model.inputs)
        raise InputError(f"a range is given for the input {', '.join(ranges)}, but the model's inputs are {known}")
    return bounds


def tensor_bounds(model: keras.Model, inputs: Sequence[Bounds]) -> dict[str, Bounds]:
    """Between which values every tensor's channels lie for every possible input.

    What is unknown (custom layers, attention, ...) is unbounded. The network's own rounding to float32 is not counted.

    Args:
        model: a functional model without nested models.
        inputs: the bounds of its inputs, in their order.

    Returns:
        the bounds by "layer/node/output", as in `ChannelGraph.tensors`.
    """
    found = {id(tensor): bounds for tensor, bounds in zip(model.inputs, inputs, strict=True)}
    named: dict[str, Bounds] = {}
    for call in list_calls(model):
        if call.inputs:
            outputs = _outputs(call, tuple(found[id(tensor)] for tensor in call.inputs))
            found.update(zip(map(id, call.outputs), outputs, strict=True))
        named.update((name, found[id(tensor)]) for name, tensor in zip(call.output_names(), call.outputs, strict=True))
    return named


def _range_of(tensor: Any, given: Range | None) -> Bounds:
    channels = channels_of(tensor.shape)
    if given is None:
        return unbounded(channels)
    low, high = (np.asarray(one, np.float64) for one in given)
    if not {low.size, high.size} <= {1, channels} or not np.all(low <= high):
        raise InputError(
            f"the range given for the input {tensor.name} is none: give the lowest and the highest value as two "
            f"numbers, or as two lists of {channels}"
        )
    return Bounds(np.broadcast_to(low.reshape(-1), channels), np.broadcast_to(high.reshape(-1), channels))


def _outputs(call: Call, inputs: tuple[Bounds, ...]) -> list[Bounds]:
    site = Site(
        call.operation,
        inputs,
        tuple(tuple(tensor.shape) for tensor in call.inputs),
        tuple(tuple(tensor.shape) for tensor in call.outputs),
        call.arguments,
        call.keywords,
    )
    outputs = site.unknown() if _skips_masked(call) else _apply_rule(site)
    sizes_agree = [one.size for one in outputs] == [channels_of(shape) for shape in site.output_shapes]
    return outputs if sizes_agree else site.unknown()


def _apply_rule(site: Site) -> list[Bounds]:
    operation = site.operation
    users_own = not type(operation).__module__.startswith("keras.")  # and may bear a known name
    if users_own or _in_training(site):
        return site.unknown()
    if type(operation).__name__ == "TimeDistributed":
        return _apply_rule(_inner_site(site)) if len(site.inputs) == 1 else site.unknown()  # the second is a mask
    rule = _RULES.get(type(operation).__name__)
    if rule is None or getattr(operation, "quantization_mode", None) is not None:
        return site.unknown()
    result = rule(site)
    return [result] if isinstance(result, Bounds) else result


def _skips_masked(call: Call) -> bool:
    """Whether it merges tensors, but takes only one of them where a mask hides the other."""
    masked = any(getattr(tensor, "_keras_mask", None) is not None for tensor in call.inputs)
    return masked and type(call.operation).__name__ in ("Multiply", "Maximum", "Minimum")


def _in_training(site: Site) -> bool:
    """Whether it is called as in training: it drops values at random, or normalizes by the batch."""
    return bool(site.keywords.get("training")) or any(one is True for one in site.arguments[1:])


def _inner_site(site: Site) -> Site:
    """What the layer in a TimeDistributed sees: one step at a time."""
    inputs, outputs = ([(shape[0], *shape[2:]) for shape in each] for each in (site.input_shapes, site.output_shapes))
    return Site(site.operation.layer, site.inputs, tuple(inputs), tuple(outputs), site.arguments, site.keywords)
