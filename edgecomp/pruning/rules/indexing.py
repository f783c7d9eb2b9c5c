"""What picks some of the values: slices and splits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..labels import NotFollowedError
from .site import Site, only, over_axes


def get_item(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`x[...]`: slices of the channels, without gaps, and anything but arrays along the other axes."""
    labels = only(site, inputs)
    key = site.keywords["key"] if "key" in site.keywords else site.arguments[1]
    key = key if isinstance(key, tuple) else (key,)
    if not all(one is None or one is Ellipsis or isinstance(one, (slice, int, np.integer)) for one in key):
        raise NotFollowedError(f"they are picked by an array in {site.layer}")
    chosen = _last_axis_key(key, len(site.input_shapes[0]))
    if not isinstance(chosen, slice) or key[-1] is None:
        raise NotFollowedError(f"{site.layer} takes away their axis")
    if chosen.step not in (None, 1):
        raise NotFollowedError(f"they are picked with gaps in {site.layer}")
    return [labels[chosen]]


def _last_axis_key(key: tuple[Any, ...], rank: int) -> Any:
    """The part of an indexing key that is about the last of `rank` axes."""
    if any(one is Ellipsis for one in key):
        return slice(None) if key[-1] is Ellipsis or _only_new_axes_follow(key) else _last_real(key)
    used = [one for one in key if one is not None]
    return used[-1] if len(used) == rank else slice(None)


def _only_new_axes_follow(key: tuple[Any, ...]) -> bool:
    position = next(index for index, one in enumerate(key) if one is Ellipsis)
    return all(one is None for one in key[position + 1 :])


def _last_real(key: tuple[Any, ...]) -> Any:
    return [one for one in key if one is not None][-1]


def split(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`split`: along the channels each part takes its own, along another axis every part has them all."""
    labels = only(site, inputs)
    if not over_axes(site.operation.axis, site.input_shapes[0]):
        return [labels] * len(site.output_shapes)
    sections = site.operation.indices_or_sections
    return list(np.split(labels, sections if isinstance(sections, int) else list(sections)))


def unstack(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """`unstack` of another axis than the last."""
    labels = only(site, inputs)
    if over_axes(site.operation.axis, site.input_shapes[0]):
        raise NotFollowedError(f"{site.layer} takes away their axis")
    return [labels] * len(site.output_shapes)
