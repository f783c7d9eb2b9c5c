"""Making a float .tflite easier to quantize without changing its function. Runs in a worker process.

int8 has one scale for all channels of an activation tensor, so that narrow channels share the steps of wide ones.
Where the operators around a tensor have weights, its channels can be rescaled, shifted, or centred there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...tflite import Operator, TfliteModel, read_tflite, with_constants
from ..ranges.observe import Observation
from .channel_extents import Extent, extent
from .channel_gains import ChannelGains, channel_gains
from .channel_groups import FLAT_ORDER, ChannelGroup, find_groups
from .channel_noise import group_noise
from .channel_scales import choose
from .plan import Centring, EqualizationPlan, OutlierChannel, Rescaling, as_floats
from .rescalable import RescalableOperator, rescalable_operators

__all__ = ["EqualizationPlan", "equalize", "plan_equalization"]

MINIMUM_GAIN_DB = 3.0
"""Half a bit. Rescaling also draws the rounding of all weights anew, which moved small random networks by 1.5 dB either
way; predicted gains near that are not worth it."""

OUTLIER_RATIO = 30.0
"""Width over the median channel's from which a channel is reported: the median is left with 3 of its 8 bits."""


def plan_equalization(model: TfliteModel, observations: Mapping[str, Observation]) -> EqualizationPlan:
    """Decides which channels to rescale, shift and centre.

    Args:
        model: a float file.
        observations: what was seen of its tensors on calibration samples.

    Returns:
        The plan, for `equalize` of the same file.
    """
    rescalable = rescalable_operators(model)
    gains = channel_gains(model, rescalable, observations)
    rescalings = []
    for group in find_groups(model, rescalable):
        one = _plan_group(model, group, gains, observations)
        if one is not None:
            rescalings.append(one)
    centrings = _plan_centrings(model, rescalable, observations)
    outliers = _find_outliers(model, rescalable, rescalings, observations)
    return EqualizationPlan(tuple(rescalings), tuple(centrings), tuple(outliers))


def _plan_group(
    model: TfliteModel,
    group: ChannelGroup,
    gains: ChannelGains,
    observations: Mapping[str, Observation],
) -> Rescaling | None:
    tensors = model.main.tensors
    extents: dict[int, Extent] = {}
    for index in group.tensors:
        seen = extent(tensors[index], observations)
        if seen is None:
            return None
        extents[index] = seen.folded(group.channels)
    choice = choose(group, extents, group_noise(model, group, gains, extents))
    if choice.gain_db < MINIMUM_GAIN_DB:
        return None
    return Rescaling(
        tensors=tuple(tensors[index].name for index in group.tensors),
        producers=tuple(one.operator.index for one in group.producers),
        consumers=tuple(one.operator.index for one in group.consumers),
        factors=as_floats(choice.factors),
        shifts=as_floats(choice.shifts),
        exactness=choice.exactness,
        gain_db=choice.gain_db,
    )


def _plan_centrings(
    model: TfliteModel, rescalable: Mapping[int, RescalableOperator], observations: Mapping[str, Observation]
) -> list[Centring]:
    readers: dict[int, list[Operator]] = {}
    for operator in model.main.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    planned = []
    for one in rescalable.values():
        seen = extent(model.main.tensors[one.data], observations)
        if seen is None or not _only_softmax_reads(model, one, readers):
            continue
        gain_db = _centring_gain_db(model, one, seen)
        if gain_db >= MINIMUM_GAIN_DB:
            planned.append(Centring(model.main.tensors[one.output].name, one.operator.index, gain_db))
    return planned


def _only_softmax_reads(model: TfliteModel, one: RescalableOperator, readers: Mapping[int, list[Operator]]) -> bool:
    if one.depthwise or one.fused_activation:
        return False
    index = one.output
    while index not in model.main.outputs and len(readers.get(index, ())) == 1:
        reader = readers[index][0]
        if model.main.tensors[index].shape[-1:] != (one.channels_out,):
            return False
        if reader.name == "SOFTMAX":
            return True
        if reader.name not in FLAT_ORDER:
            return False
        index = reader.outputs[0]
    return False


def _centring_gain_db(model: TfliteModel, one: RescalableOperator, seen: Extent) -> float:
    """Power of the logits over what is left of it, inputs taken as independent."""
    values = one.values.astype(np.float64)
    bias = np.zeros(one.channels_out)
    if one.bias >= 0:
        bias = model.main.tensors[one.bias].values().astype(np.float64)

    def power(values: np.ndarray, bias: np.ndarray) -> float:
        return float(np.sum(np.square(values).sum(axis=1) @ seen.power) + np.sum(bias**2))

    before, after = power(values, bias), power(values - values.mean(axis=0), bias - bias.mean())
    return 10 * float(np.log10(before / after)) if after > 0 else 0.0


def _find_outliers(
    model: TfliteModel,
    rescalable: Mapping[int, RescalableOperator],
    rescalings: list[Rescaling],
    observations: Mapping[str, Observation],
) -> list[OutlierChannel]:
    changes = {name: one for one in rescalings for name in one.tensors}
    found = []
    for operator in rescalable.values():
        tensor = model.main.tensors[operator.output]
        seen = extent(tensor, observations)
        if seen is None:
            continue
        change = changes.get(tensor.name)
        if change is not None:
            repeats = len(seen.low) // len(change.factors)
            seen = seen.changed(np.tile(change.factors, repeats), np.tile(change.shifts, repeats))
        median = float(np.median(seen.width))
        widest = int(np.argmax(seen.width))
        if median > 0 and seen.width[widest] > OUTLIER_RATIO * median:
            found.append(OutlierChannel(tensor.name, widest, float(seen.width[widest]) / median))
    return found


@dataclass(frozen=True)
class _Change:
    """Of one side of one operator: values become `factors * (value - shifts)`; float64 [channels]."""

    factors: np.ndarray
    shifts: np.ndarray

    @classmethod
    def none(cls, channels: int) -> _Change:
        return cls(np.ones(channels), np.zeros(channels))

    @classmethod
    def of(cls, rescaling: Rescaling, channels: int) -> _Change:
        repeats = channels // len(rescaling.factors)
        return cls(np.tile(rescaling.factors, repeats), np.tile(rescaling.shifts, repeats))


def equalize(data: bytes, plan: EqualizationPlan) -> bytes:
    """Carries out a plan. Ranges of activations change with it: observe the new file before quantizing it.

    Args:
        data: the float .tflite the plan was made for.
        plan: what to change.

    Returns:
        A file of the same graph that computes the same function, as far as the plan's entries say, to float32 rounding.

    Raises:
        InputError: the plan was made for another file.
    """
    if not plan:
        return data
    model = read_tflite(data)
    rescalable = rescalable_operators(model)
    inward = {index: rescaling for rescaling in plan.rescalings for index in rescaling.consumers}
    outward = {index: rescaling for rescaling in plan.rescalings for index in rescaling.producers}
    centred = {one.operator for one in plan.centrings}
    values: dict[int, np.ndarray] = {}
    for index in sorted({*inward, *outward, *centred}):
        if index not in rescalable:
            raise InputError(f"operator {index} has no weights that can be rescaled; plan for this very file")
        one = rescalable[index]
        into = _Change.of(inward[index], one.channels_in) if index in inward else _Change.none(one.channels_in)
        out = _Change.of(outward[index], one.channels_out) if index in outward else _Change.none(one.channels_out)
        values |= _changed_constants(model, one, into, out, centre=index in centred)
    return with_constants(data, values)


def _changed_constants(
    model: TfliteModel, one: RescalableOperator, into: _Change, out: _Change, *, centre: bool
) -> dict[int, np.ndarray]:
    """New weights and bias of one operator, by tensor index."""
    tensors = model.main.tensors
    weights = one.rescaled(into.factors, out.factors)
    bias = np.zeros(one.channels_out)
    if one.bias >= 0:
        bias = tensors[one.bias].values().astype(np.float64)
    bias = out.factors * (bias + one.response(into.shifts) - out.shifts)
    if centre:
        weights, bias = weights - weights.mean(axis=0), bias - bias.mean()
    changed = {one.weights: weights.astype(np.float32).reshape(tensors[one.weights].shape)}
    if one.own_bias:
        changed[one.bias] = bias.astype(np.float32)
    return changed
