"""What moves values between axes. Only these rules know channels that stand along another axis than the last."""

from __future__ import annotations

from math import gcd, prod

import numpy as np

from ..labels import MovedChannels, NotFollowedError
from .site import Labels, Site, last_size


def reshape(site: Site, inputs: list[Labels]) -> list[Labels]:
    """Flatten, Reshape: the values keep their order, in which the channels return after each last axis.

    Depth-to-space and space-to-depth order the channels alike.

    What the old and the new last axis have in common is a period: channels that stand at the same place of it become
    one, and the new axis repeats it. Flattening (4, 4, 8) repeats the 8 channels 16 times; reshaping 128 units to
    (4, 4, 8) makes every 8th unit one channel.
    """
    labels = _along_the_end(site, inputs[0])
    size = last_size(site.output_shapes[0])
    period = gcd(labels.size, size) if size and labels.size else 0
    if period == 0 or (period == 1 and labels.size > 1):
        raise NotFollowedError(_moved(site))
    by_period = labels.reshape(-1, period)
    site.channels.unite(by_period, by_period[:1])
    outputs = np.tile(by_period[0], size // period)
    if site.kind == "Reshape":  # which holds its shape, so all calls of one layer make the same channels
        site.channels.unite(site.channels.mint(f"{site.layer}/{site.path}{size}", size), outputs)
    return [outputs]


def _along_the_end(site: Site, given: Labels) -> np.ndarray:
    """The labels along the last axis; for channels before it, along the axes from theirs to the last, as one."""
    if not isinstance(given, MovedChannels):
        return given
    behind = site.input_shapes[0][given.axis + 1 :]
    repeats = prod(size or 0 for size in behind)
    if not repeats or last_size(site.output_shapes[0]) % (given.labels.size * repeats):
        raise NotFollowedError(_moved(site))
    return np.repeat(given.labels, repeats)


def transposition(site: Site, inputs: list[Labels]) -> list[Labels]:
    """`transpose`, Permute, `swapaxes`, `moveaxis`: the channels go where their axis goes."""
    rank = len(site.input_shapes[0])
    axes = _order(site, rank)
    given = inputs[0]
    labels, axis = (given.labels, given.axis) if isinstance(given, MovedChannels) else (given, rank - 1)
    if axes[0] != 0:
        raise NotFollowedError(_moved(site))
    place = axes.index(axis)
    return [labels if place == rank - 1 else MovedChannels(labels, place)]


def _order(site: Site, rank: int) -> list[int]:
    """Which of the input's axes each axis of the output is."""
    operation = site.operation
    if site.kind == "Permute":
        return [0, *operation.dims]
    if site.kind == "Transpose":
        return list(range(rank))[::-1] if operation.axes is None else [axis % rank for axis in operation.axes]
    order = list(range(rank))
    if site.kind == "Swapaxes":
        one, other = operation.axis1 % rank, operation.axis2 % rank
        order[one], order[other] = order[other], order[one]
        return order
    sources = [axis % rank for axis in operation.source]
    order = [axis for axis in order if axis not in sources]
    for destination, source in sorted(zip((axis % rank for axis in operation.destination), sources, strict=True)):
        order.insert(destination, source)
    return order


def _moved(site: Site) -> str:
    return f"{site.layer} ({site.kind}) moves them to another axis"
