"""Which inner features of a student are drawn to those of its teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import keras

    from ..pruning.plan import PruningPlan

MOST_MATCHES = 4
"""Each costs time at every step; the ends of the last stages say most about what the network sees."""


@dataclass(frozen=True)
class FeatureMatch:
    """What a layer of the student gives is drawn to what a layer of the teacher gives.

    Args:
        teacher_layer: its name; it gives one tensor [batch, ..., channels].
        student_layer: likewise.
        channels: which of the teacher's channels the student's are, in order; None for all of them.
    """

    teacher_layer: str
    student_layer: str
    channels: tuple[int, ...] | None = None


def matches_from_plan(model: keras.Model, plan: PruningPlan) -> tuple[FeatureMatch, ...]:
    """The features that a pruned network shares with the one it came from: which channels stayed is known.

    Args:
        model: the one that was planned for, which teaches; nested networks in it have to be flattened
            (`pruning.flatten.flatten`), since the names in the plan are those of the flattened one.
        plan: what was removed from it.

    Returns:
        the ends of its stages: the last feature of each size in pixels.
    """
    from ..pruning.analysis import analyze
    from ..pruning.calls import tensor_name

    graph = analyze(model)
    gone = set(plan.removed)
    matches = []
    for layer in stage_ends(model):
        channels = graph.tensors[tensor_name(layer, 0)].tolist()
        kept = tuple(index for index, channel in enumerate(channels) if channel not in gone)
        if kept:
            matches.append(FeatureMatch(layer, layer, kept if len(kept) < len(channels) else None))
    return tuple(matches)


def matches_by_name(teacher: keras.Model, student: keras.Model) -> tuple[FeatureMatch, ...]:
    """The ends of the teacher's stages that the student has too, under the same name and in the same shape."""
    shapes = {layer.name: tuple(layer.output.shape) for layer in _single(student)}
    known = {layer.name: tuple(layer.output.shape) for layer in _single(teacher)}
    return tuple(FeatureMatch(name, name) for name in stage_ends(teacher) if shapes.get(name) == known[name])


def check_matches(matches: Sequence[FeatureMatch], teacher: keras.Model, student: keras.Model) -> None:
    """Refuses features that cannot be compared.

    Raises:
        InputError: a layer is missing, gives several tensors, or the shapes differ.
    """
    for match in matches:
        theirs, ours = _shape(teacher, match.teacher_layer), _shape(student, match.student_layer)
        wanted = theirs if match.channels is None else (*theirs[:-1], len(match.channels))
        if wanted != ours:
            raise InputError(
                f"the student's layer {match.student_layer} gives {list(ours[1:])}, where {list(wanted[1:])} of the "
                f"teacher's layer {match.teacher_layer} are to be matched; leave this match out"
            )


def stage_ends(model: keras.Model) -> tuple[str, ...]:
    """Names of the layers whose features are the last of their size in pixels, `MOST_MATCHES` at most."""
    ends: dict[tuple[int | None, ...], str] = {}
    for layer in _single(model):
        shape = tuple(layer.output.shape)
        if len(shape) == 4 and None not in shape[1:] and layer.output is not model.outputs[0]:
            pixels = shape[1:3]
            ends.pop(pixels, None)
            ends[pixels] = layer.name
    several = {pixels: name for pixels, name in ends.items() if pixels != (1, 1)}
    return tuple(several.values())[-MOST_MATCHES:]


def _single(model: keras.Model) -> Iterator[Any]:
    """The layers that are called once and give one tensor, in the order of computation; inputs are none."""
    import keras

    from ..pruning.calls import list_calls

    calls = list_calls(model)
    names = [call.layer for call in calls]
    for call in calls:
        alone = names.count(call.layer) == 1 and len(call.operation._inbound_nodes) == 1
        if call.inputs and alone and len(call.outputs) == 1 and isinstance(call.operation, keras.layers.Layer):
            yield call.operation


def _shape(model: keras.Model, name: str) -> tuple[int | None, ...]:
    layer = next((one for one in model.layers if one.name == name), None)
    shape = getattr(getattr(layer, "output", None), "shape", None)
    if shape is None:
        raise InputError(f"{model.name} has no layer {name} that gives one tensor; name another to match features at")
    return tuple(shape)
