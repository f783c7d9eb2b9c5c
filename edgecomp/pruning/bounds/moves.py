"""Bounds behind layers that only move values, drop some or put zeros between them.

The layer itself says what it moves where: it is called with the number of each channel in place of its values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..calls import Shape
from .interval import Bounds, unbounded, with_zero
from .site import Site

_LARGEST = 1 << 23  # values that are moved to find out where they go
_STAND_IN = 6  # for a size that is not known


def _unchanged(site: Site) -> Bounds:
    return site.inputs[0]


def _masked(site: Site) -> Bounds:
    return with_zero(site.inputs[0])


def _resized(site: Site) -> Bounds:
    """Nearest and linear interpolation stay between the values they interpolate; higher orders overshoot."""
    layer = site.operation
    padded = getattr(layer, "pad_to_aspect_ratio", False)
    if padded or layer.interpolation not in ("nearest", "bilinear", "area"):
        return unbounded(site.channels)
    return site.single_input()


def _reduced(site: Site) -> Bounds:
    """A mean or an extreme over other axes than the channels'."""
    operation = site.operation
    rank = len(site.input_shapes[0])
    if operation.axis is None:
        return unbounded(site.channels)
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    return site.inputs[0] if all(one % rank != rank - 1 for one in axes) else _blurred(site)


def _blurred(site: Site) -> Bounds:
    """Any output may come from any channel."""
    low = min(one.low.min() for one in site.inputs)
    high = max(one.high.max() for one in site.inputs)
    return Bounds(np.full(site.channels, low), np.full(site.channels, high))


def _moved(site: Site) -> Bounds | list[Bounds]:
    shapes = [_filled(shape) for shape in site.input_shapes]
    if sum(int(np.prod(shape)) for shape in shapes) > _LARGEST or any(shape[-1] is None for shape in site.input_shapes):
        return _blurred(site) if len(site.output_shapes) == 1 else site.unknown()
    numbers, sources = _numbered(shapes, site.inputs)
    results = _call_on(site, numbers)
    if len(results) != len(site.output_shapes) or not all(map(_agrees, results, site.output_shapes)):
        return site.unknown()
    return [_read(result, sources) for result in results]


def _filled(shape: Shape) -> tuple[int, ...]:
    return (1, *(one or _STAND_IN for one in shape[1:]))


def _numbered(shapes: list[tuple[int, ...]], inputs: tuple[Bounds, ...]) -> tuple[list[np.ndarray], Bounds]:
    """A tensor of channel numbers for each input, and the bounds by number; 0 is what fills a border."""
    numbers, lows, highs = [], [np.zeros(1)], [np.zeros(1)]
    start = 1
    for shape, bounds in zip(shapes, inputs, strict=True):
        numbers.append(np.broadcast_to(np.arange(start, start + shape[-1], dtype=np.float32), shape))
        lows.append(bounds.low)
        highs.append(bounds.high)
        start += shape[-1]
    return numbers, Bounds(np.concatenate(lows), np.concatenate(highs))


def _call_on(site: Site, tensors: list[np.ndarray]) -> list[np.ndarray]:
    import keras

    given = iter(tensors)

    def filled(value: Any) -> Any:
        return keras.ops.convert_to_tensor(next(given)) if isinstance(value, keras.KerasTensor) else value

    args, kwargs = keras.tree.map_structure(filled, (site.arguments, dict(site.keywords)))
    outputs = keras.tree.flatten(site.operation(*args, **kwargs))
    return [np.asarray(keras.ops.convert_to_numpy(one)) for one in outputs]


def _agrees(result: np.ndarray, shape: Shape) -> bool:
    return result.ndim == len(shape) and shape[-1] == result.shape[-1]


def _read(numbers: np.ndarray, sources: Bounds) -> Bounds:
    rows = numbers.reshape(-1, numbers.shape[-1]).astype(np.int64)
    if (rows == rows[0]).all():
        rows = rows[:1]
    return Bounds(sources.low[rows].min(axis=0), sources.high[rows].max(axis=0))


def _padded(site: Site) -> Bounds | list[Bounds]:
    """`keras.ops.pad`; a constant other than 0 would be taken for a number."""
    operation = site.operation
    if operation.mode == "constant" and len(site.inputs) == len(site.arguments) and not site.keywords:
        return _moved(site)
    return site.unknown()


_POOLING = ("Max", "Average", "GlobalMax", "GlobalAverage", "AdaptiveMax", "AdaptiveAverage")
_UNCHANGED = (
    *("Identity", "Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"),
    *("StochasticDepth", "RepeatVector", "UpSampling1D", "UpSampling3D"),
    *(f"SpatialDropout{rank}D" for rank in (1, 2, 3)),
    *(f"{kind}Pooling{rank}D" for kind in _POOLING for rank in (1, 2, 3)),
)
_MOVED = (
    *("Flatten", "Reshape", "Permute", "Concatenate", "GetItem", "Transpose", "Squeeze", "ExpandDims", "Moveaxis"),
    *("Swapaxes", "Tile", "Repeat", "Stack", "Split", "Flip", "Roll", "BroadcastTo", "Ravel"),
    *("DepthToSpace", "SpaceToDepth"),
    *(f"{kind}{rank}D" for kind in ("Cropping", "ZeroPadding") for rank in (1, 2, 3)),
)

MOVES: dict[str, Callable[[Site], Bounds | list[Bounds]]] = {
    **dict.fromkeys(_UNCHANGED, _unchanged),
    **dict.fromkeys(_MOVED, _moved),
    **dict.fromkeys(("UpSampling2D", "Resizing"), _resized),
    **dict.fromkeys(("Mean", "Max", "Min", "Amax", "Amin"), _reduced),
    "Masking": _masked,
    "Pad": _padded,
}
