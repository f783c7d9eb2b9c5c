"""Which tensors of a float .tflite must be rescaled together, channel by channel.

Two tensors are in one group where scaling the channels of one scales those of the other: across a ReLU, a pooling, a
reshape, an addition. Operators with weights bound a group, since they can take the scale in (as producers, into their
weights and bias) or back out (as consumers, into their weights).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from ...errors import InputError
from ...tflite import Operator, TfliteModel
from .rescalable import RescalableOperator

Bounds = tuple[float, float]

_FUSED: Mapping[int, Bounds] = {0: (-inf, inf), 1: (0.0, inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
"""By the schema's ActivationFunctionType; the others (tanh, sign bit) let no scale pass."""

_CLAMPS: Mapping[str, Bounds] = {"RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}

# Unary operators f with f(s * x) = s * f(x) for a scale s > 0 of each channel, which keep the last axis as it is.
_ALONG_CHANNELS = frozenset(
    {
        *_CLAMPS,
        "RELU",
        "LEAKY_RELU",
        "PRELU",
        "MAX_POOL_2D",
        "AVERAGE_POOL_2D",
        "PAD",
        "MIRROR_PAD",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "SPACE_TO_BATCH_ND",
        "BATCH_TO_SPACE_ND",
    }
)
_OVER_SPACE = frozenset({"MEAN", "SUM", "REDUCE_MAX"})
# These keep the order of the values, so that value i stays in channel i modulo the number of channels.
FLAT_ORDER = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
# The output holds input values as they are, so that it is not rounded again.
COPYING = FLAT_ORDER | {
    "MAX_POOL_2D",
    "REDUCE_MAX",
    "PAD",
    "MIRROR_PAD",
    "RESIZE_NEAREST_NEIGHBOR",
    "SPACE_TO_BATCH_ND",
    "BATCH_TO_SPACE_ND",
}


@dataclass(frozen=True)
class ChannelGroup:
    """Tensors whose channels share their scales.

    Args:
        tensors: indices, ascending.
        channels: how many scales there are; in a tensor with more channels they repeat.
        producers: operators whose output the group begins with.
        consumers: operators that read from it.
        links: operators within it.
        bounds: (tensor, lowest, highest) where values are clamped other than at zero.
    """

    tensors: tuple[int, ...]
    channels: int
    producers: tuple[RescalableOperator, ...]
    consumers: tuple[RescalableOperator, ...]
    links: tuple[Operator, ...]
    bounds: tuple[tuple[int, Bounds], ...]


def find_groups(model: TfliteModel, rescalable: Mapping[int, RescalableOperator]) -> list[ChannelGroup]:
    """The groups that may be rescaled, in the order in which they begin.

    Args:
        model: a float file.
        rescalable: as `rescalable_operators` gives them.
    """
    links = _Links(model)
    for operator in model.main.operators:
        if operator.index in rescalable:
            _enter_rescalable(links, rescalable[operator.index])
        else:
            _enter_link(links, model, operator)
    members = links.free_members()
    groups = []
    for tensors in members:
        inside = set(tensors)
        group = ChannelGroup(
            tensors=tensors,
            channels=min(model.main.tensors[index].shape[-1] for index in tensors),
            producers=tuple(one for one in rescalable.values() if one.output in inside),
            consumers=tuple(one for one in rescalable.values() if one.data in inside),
            links=tuple(one for one in links.operators if one.outputs[0] in inside),
            bounds=tuple((index, links.bounds[index]) for index in tensors if index in links.bounds),
        )
        if group.producers and group.consumers and _channels_repeat(model, group):
            groups.append(group)
    return sorted(groups, key=lambda group: group.producers[0].operator.index)


class _Links:
    """Union-find over the tensors of the main graph; a fixed tensor fixes its whole set."""

    def __init__(self, model: TfliteModel) -> None:
        self._parents = list(range(len(model.main.tensors)))
        self._fixed = {*model.main.inputs, *model.main.outputs}
        self._fixed |= {one.index for one in model.main.tensors if not _can_scale(model, one.index)}
        self._touched: set[int] = set()
        self.bounds: dict[int, Bounds] = {}
        self.operators: list[Operator] = []

    def touch(self, tensor: int) -> None:
        self._touched.add(tensor)

    def fix(self, *tensors: int) -> None:
        self._fixed.update(index for index in tensors if index >= 0)

    def join(self, operator: Operator, *tensors: int) -> None:
        self.operators.append(operator)
        for tensor in tensors:
            self._parents[self._root(tensor)] = self._root(tensors[0])

    def clamp(self, tensor: int, bounds: Bounds | None) -> None:
        if bounds is None:
            self.fix(tensor)
        elif bounds not in ((-inf, inf), (0.0, inf)):
            self.bounds[tensor] = bounds

    def _root(self, tensor: int) -> int:
        while self._parents[tensor] != tensor:
            self._parents[tensor] = self._parents[self._parents[tensor]]
            tensor = self._parents[tensor]
        return tensor

    def free_members(self) -> list[tuple[int, ...]]:
        """The sets that hold no fixed tensor and that an operator with weights touches, each in ascending order."""
        fixed = {self._root(index) for index in self._fixed}
        wanted = {self._root(index) for index in self._touched} - fixed
        sets: dict[int, list[int]] = defaultdict(list)
        for index in range(len(self._parents)):
            if self._root(index) in wanted:
                sets[self._root(index)].append(index)
        return [tuple(sorted(one)) for one in sets.values()]


def _can_scale(model: TfliteModel, index: int) -> bool:
    tensor = model.main.tensors[index]
    plain = tensor.dtype == "float32" and not tensor.is_variable and not tensor.is_constant
    return plain and not tensor.dynamic and len(tensor.shape) >= 2 and tensor.elements > 0


def _enter_rescalable(links: _Links, one: RescalableOperator) -> None:
    links.touch(one.data)
    links.touch(one.output)
    links.clamp(one.output, _FUSED.get(one.fused_activation))


def _enter_link(links: _Links, model: TfliteModel, operator: Operator) -> None:
    joined = _joined_inputs(model, operator)
    links.fix(*(index for index in operator.inputs if index not in joined))
    if not joined:
        links.fix(*operator.outputs)
        return
    links.join(operator, operator.outputs[0], *joined)
    bounds = _CLAMPS.get(operator.name)
    links.clamp(operator.outputs[0], bounds or _FUSED.get(int(operator.options.get("fusedActivationFunction", 0))))


def _joined_inputs(model: TfliteModel, operator: Operator) -> tuple[int, ...]:
    """Inputs whose scale the output takes over; none where no scale passes."""
    tensors = model.main.tensors
    if operator.name in _ALONG_CHANNELS:
        return operator.inputs[:1]
    if operator.name in FLAT_ORDER:
        return operator.inputs[:1]
    if operator.name in _OVER_SPACE:
        return operator.inputs[:1] if _keeps_last_axis(model, operator) else ()
    shapes = [tensors[index].shape for index in operator.inputs if index >= 0]
    if operator.name in ("ADD", "SUB"):
        return operator.inputs if shapes[0] == shapes[1] else ()
    if operator.name == "MUL":
        # The larger one is scaled; the other is a gate, as a squeeze-and-excite block's, or a constant.
        whole = [index for index in operator.inputs if tensors[index].shape == tensors[operator.outputs[0]].shape]
        return tuple(whole) if len(whole) == 1 and not tensors[whole[0]].is_constant else ()
    return ()


def _keeps_last_axis(model: TfliteModel, operator: Operator) -> bool:
    rank = len(model.main.tensors[operator.inputs[0]].shape)
    try:
        axes = model.main.tensors[operator.inputs[1]].values()
    except InputError:
        return False
    return all(int(axis) % rank != rank - 1 for axis in axes.reshape(-1))


def _channels_repeat(model: TfliteModel, group: ChannelGroup) -> bool:
    return all(model.main.tensors[index].shape[-1] % group.channels == 0 for index in group.tensors)
