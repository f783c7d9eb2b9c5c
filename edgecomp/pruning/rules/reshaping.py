"""What lines tensors up or makes them longer, and axes that come and go: joining, repeating, padding."""

from __future__ import annotations

import numpy as np

from ..labels import NotFollowedError
from .site import Site, last_size, only, over_axes


def concatenation(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Concatenate: along the channels they are lined up, along another axis they become one."""
    if over_axes(site.operation.axis, site.input_shapes[0]):
        return [np.concatenate(inputs)]
    for labels in inputs[1:]:
        site.channels.unite(inputs[0], labels)
    return [inputs[0]]


def stack(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`stack` along a new axis that is not the last: channels become one."""
    if over_axes(site.operation.axis, site.output_shapes[0]):
        raise NotFollowedError(_moved(site))
    for labels in inputs[1:]:
        site.channels.unite(inputs[0], labels)
    return [inputs[0]]


def new_axis(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`expand_dims` before the last axis."""
    if over_axes(site.operation.axis, site.output_shapes[0]):
        raise NotFollowedError(_moved(site))
    return [only(site, inputs)]


def squeeze(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`squeeze` of other axes than the last."""
    axes, shape = site.operation.axis, site.input_shapes[0]
    if over_axes(axes, shape) and (axes is not None or shape[-1] == 1):
        raise NotFollowedError(_moved(site))
    return [only(site, inputs)]


def padding(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`pad`: what is added beside the channels must stay."""
    labels = only(site, inputs)
    before, after = site.operation.pad_width[-1]
    if not before and not after:
        return [labels]
    if site.operation.mode != "constant":
        raise NotFollowedError(f"they are mirrored in {site.layer}")
    reason = f"they are padding that {site.layer} adds"
    return [
        np.concatenate([site.channels.frozen(before, reason), labels, site.channels.frozen(after, reason)]),
    ]


def broadcast(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`broadcast_to` along other axes than the last."""
    labels = only(site, inputs)
    if last_size(site.output_shapes[0]) != labels.size:
        raise NotFollowedError(f"they are repeated in {site.layer}")
    return [labels]


def tile(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`tile`: the channels one after another, again and again."""
    labels = only(site, inputs)
    if not labels.size:
        raise NotFollowedError(_moved(site))
    return [np.tile(labels, last_size(site.output_shapes[0]) // labels.size)]


def repetition(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`repeat`: each channel several times, or something else than channels."""
    labels = only(site, inputs)
    axis, repeats = site.operation.axis, site.operation.repeats
    if axis is None or (over_axes(axis, site.input_shapes[0]) and not isinstance(repeats, int)):
        raise NotFollowedError(f"they are repeated in {site.layer}")
    return [np.repeat(labels, repeats) if over_axes(axis, site.input_shapes[0]) else labels]


def _moved(site: Site) -> str:
    return f"{site.layer} ({site.kind}) moves them to another axis"
