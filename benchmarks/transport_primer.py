"""Makes the primer of the transport form: the tables of a few small networks as edgecomp converts them.

It was run once for version 2 of the form, and its result must not change: forms that are on their way continue it.

python -m benchmarks.transport_primer OUT
"""

from __future__ import annotations

import lzma
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MOST_OF_EACH = 16384
PRIMER_BYTES = 32768


def main(out: Path) -> None:
    """Writes the coded primer, and says how long the primer is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from edgecomp_runtime.transport.container import lzma_filter
    from edgecomp_runtime.transport.primer import SETTINGS

    primer = b"".join(skeleton_of(file)[:MOST_OF_EACH] for file in files())[-PRIMER_BYTES:]
    chain = [lzma_filter(SETTINGS, 1 << 16) | {"preset": 9 | lzma.PRESET_EXTREME}]
    out.write_bytes(lzma.compress(primer, lzma.FORMAT_RAW, filters=chain))
    print(f"{len(primer)} bytes of tables, {out.stat().st_size} coded")


def files() -> list[bytes]:
    """The networks, those most like what is sent last."""
    import keras

    from .transport import _float, _quantized

    made = []
    for build, schemes in ((dense, ("float32",)), (keyword, ("int8",)), (mobile, ("int8",)), (residual, ("int8",))):
        keras.utils.set_random_seed(0)
        model = build(keras.layers)
        exported = _float(model)
        made += [exported if scheme == "float32" else _quantized(exported, model, scheme) for scheme in schemes]
    return made


def skeleton_of(file: bytes) -> bytes:
    """What is left of a file when its weights and scales are cut out."""
    from edgecomp.transport.layout import find_layout
    from edgecomp.transport.skeleton import turned_skeleton

    layout = find_layout(file)
    vectors = [*layout.scales, *(one.scales for one in layout.products)]
    regions = [(one.start, one.length) for one in layout.constants] + [(one.start, 4 * one.count) for one in vectors]
    return turned_skeleton(file, sorted(regions))


def dense(layers: Any) -> Any:
    """A table of numbers to classes."""
    return _model(layers, (16,), [layers.Dense(24, "relu"), layers.Dense(16, "relu"), layers.Dense(4, "softmax")])


def keyword(layers: Any) -> Any:
    """Depthwise separable convolutions over a spectrogram."""
    blocks: list[Any] = [layers.Conv2D(16, (10, 4), 2, "same", use_bias=False), *_normalized(layers)]
    for _ in range(2):
        blocks += [layers.DepthwiseConv2D(3, padding="same", use_bias=False), *_normalized(layers)]
        blocks += [layers.Conv2D(16, 1, use_bias=False), *_normalized(layers)]
    return _model(layers, (49, 10, 1), [*blocks, *_head(layers, 12)])


def mobile(layers: Any) -> Any:
    """Inverted residual blocks."""

    def block(value: Any) -> Any:
        steps = [layers.Conv2D(24, 1, use_bias=False), *_normalized(layers, 6.0)]
        steps += [layers.DepthwiseConv2D(3, padding="same", use_bias=False), *_normalized(layers, 6.0)]
        steps += [layers.Conv2D(8, 1, use_bias=False), layers.BatchNormalization()]
        return layers.Add()([value, _through(steps, value)])

    stem = [layers.Conv2D(8, 3, 2, "same", use_bias=False), *_normalized(layers, 6.0)]
    return _model(layers, (32, 32, 3), [*stem, block, block, *_head(layers, 10)])


def residual(layers: Any) -> Any:
    """Pairs of convolutions with a shortcut."""

    def block(channels: int, stride: int) -> Callable[[Any], Any]:
        def apply(value: Any) -> Any:
            steps = [layers.Conv2D(channels, 3, stride, "same", use_bias=False), *_normalized(layers)]
            steps += [layers.Conv2D(channels, 3, 1, "same", use_bias=False), layers.BatchNormalization()]
            if stride > 1:
                short = [layers.Conv2D(channels, 1, stride, use_bias=False), layers.BatchNormalization()]
                return layers.ReLU()(layers.Add()([_through(steps, value), _through(short, value)]))
            return layers.ReLU()(layers.Add()([_through(steps, value), value]))

        return apply

    stem = [layers.Conv2D(8, 3, 1, "same", use_bias=False), *_normalized(layers)]
    return _model(layers, (32, 32, 3), [*stem, block(8, 1), block(16, 2), block(24, 2), *_head(layers, 10)])


def _normalized(layers: Any, highest: float | None = None) -> list[Any]:
    return [layers.BatchNormalization(), layers.ReLU(highest)]


def _head(layers: Any, classes: int) -> list[Any]:
    return [layers.GlobalAveragePooling2D(), layers.Dense(classes, "softmax")]


def _model(layers: Any, shape: tuple[int, ...], steps: Sequence[Callable[[Any], Any]]) -> Any:
    import keras

    start = layers.Input(shape)
    return keras.Model(start, _through(steps, start))


def _through(steps: Sequence[Callable[[Any], Any]], value: Any) -> Any:
    for step in steps:
        value = step(value)
    return value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
