"""Rules about what the XNNPACK delegate, or an accelerator that a profile describes, leaves over."""

from __future__ import annotations

from collections.abc import Iterator

from ..targets import Target
from ..tflite import TfliteModel, operator_macs
from .delegates.placement import runs_xnnpack, xnnpack_partitions
from .delegates.xnnpack import failure, left_over
from .finding import Finding, counted, each_once

# What to do about operators that integer networks often have and XNNPACK does not take.
_REMEDIES = {
    "AVERAGE_POOL_2D": "global average pooling (MEAN), or a convolution with strides, runs on XNNPACK in integers",
    "SOFTMAX": "behind the last layer it costs little; leave it out where the largest score will do",
    "RESIZE_NEAREST_NEIGHBOR": "bilinear resizing and transposed convolutions run on XNNPACK",
    "HARD_SWISH": "ReLU6 runs on XNNPACK in integers",
    "PACK": "fix the batch to 1 when exporting, which takes SHAPE and PACK out",
    "SHAPE": "fix the batch to 1 when exporting, which takes SHAPE and PACK out",
    "EXPAND_DIMS": "a Reshape layer does the same on XNNPACK",
}
_REMEDY = "replace the layers they come from where they take long (edgecomp profile shows it)"


def operators_that_xnnpack_fails_on(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """What the delegate takes and cannot set up: the interpreter then refuses the whole model."""
    if not runs_xnnpack(target):
        return
    for operator in model.main.operators:
        reason = failure(model.main, operator)
        if reason is not None:
            yield Finding(
                "xnnpack-failure",
                "blocker",
                f"LiteRT does not load the model with XNNPACK, which cannot set up operator {operator.index} "
                f"({operator.name}), since {reason}",
                "calibrate on data on which this layer is not constant, or remove its dead channels (edgecomp convert "
                "does)",
                (operator.index,),
            )


def operators_left_over_by_xnnpack(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """What TFLite's own kernels run instead, by kind and reason. Where weights are multiplied, that is slow."""
    if not runs_xnnpack(target):
        return
    graph = model.main
    groups: dict[tuple[str, str], list[int]] = {}
    for index, reason in sorted(left_over(graph).items()):
        groups.setdefault((graph.operators[index].name, reason), []).append(index)
    for (name, reason), indices in groups.items():
        heavy = any(operator_macs(graph, graph.operators[index]) for index in indices)
        yield Finding(
            "xnnpack-left-over",
            "warning" if heavy else "note",
            f"XNNPACK leaves {counted(len(indices), 'operator')} to TFLite's own kernels: {name}, since {reason}",
            _REMEDIES.get(name, _REMEDY),
            tuple(indices),
        )


def partitions_of_xnnpack(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Operators left over in the middle cut the delegate's part in two."""
    if not runs_xnnpack(target):
        return
    parts = xnnpack_partitions(model)
    count = sum(one.delegated for one in parts)
    if count < 2:
        return
    delegated = [place for place, one in enumerate(parts) if one.delegated]
    between = [index for one in parts[delegated[0] : delegated[-1]] if not one.delegated for index in one.operators]
    names = each_once(model.main.operators[index].name for index in between)
    yield Finding(
        "xnnpack-partitions",
        "warning",
        f"XNNPACK runs the model in {count} parts, cut by {counted(len(between), 'operator')} that it leaves over "
        f"({names}); at every cut tensors are handed over",
        "replace these operators, or move them to the beginning or end of the model",
        tuple(between),
    )


def first_operator_off_the_accelerator(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """For accelerators that are known by the profile's list alone."""
    rules, graph = target.operators, model.main
    taken = {*rules.accelerated, *rules.custom}
    off = [one for one in graph.operators if one.name not in taken]
    if "edgetpu" in target.runtime.delegates or not rules.accelerated or not off:
        return
    yield Finding(
        "accelerator",
        "warning",
        f"from operator {off[0].index} of {len(graph.operators)} ({off[0].name}) on, the model runs on the CPU instead "
        f"of the {target.runtime.delegates[0]} delegate, which does not take {each_once(one.name for one in off)}",
        "replace these operators, or move them to the end of the model",
        tuple(one.index for one in off),
    )
