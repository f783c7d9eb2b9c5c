"""Normalizations: by stored statistics channels stay apart, by statistics over the channels they do not."""

from __future__ import annotations

import numpy as np

from ..labels import NotFollowedError
from .site import Site, only, over_axes


def batch_normalization(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """BatchNormalization, as it is at inference: each channel times a factor plus an offset."""
    labels = only(site, inputs)
    if over_axes(site.operation.axis, site.input_shapes[0]):
        for variable in ("gamma", "beta", "moving_mean", "moving_variance"):
            site.mark(variable, 0, labels, "carries")
    return [labels]


def group_normalization(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """GroupNormalization: free only where every channel is a group of its own (instance normalization)."""
    labels = only(site, inputs)
    if not over_axes(site.operation.axis, site.input_shapes[0]):
        raise NotFollowedError(f"they are normalized together in {site.layer}")
    if site.operation.groups not in (-1, labels.size):
        site.channels.freeze(labels, f"they are normalized together in {site.layer}")
    for variable in ("gamma", "beta"):
        site.mark(variable, 0, labels, "carries")
    return [labels]


def over_channels(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """LayerNormalization, RMSNormalization, UnitNormalization: statistics over axes, the last one by default."""
    labels = only(site, inputs)
    if not over_axes(site.operation.axis, site.input_shapes[0]):
        return [labels]
    site.channels.freeze(labels, f"they are normalized together in {site.layer}")
    for variable in ("gamma", "beta", "scale"):
        shape = site.shape(variable) if not isinstance(getattr(site.operation, variable, None), bool) else None
        if shape is not None and shape[-1] == labels.size:
            site.mark(variable, -1, labels, "carries")
    return [labels]


def stored_normalization(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Normalization with adapted or given statistics, which the configuration or the weights hold."""
    labels = only(site, inputs)
    axes = site.operation.axis
    if axes != () and over_axes(axes, site.input_shapes[0]) and labels.size > 1:
        site.channels.freeze(labels, f"of the constants in {site.layer}, one for each channel")
    return [labels]
