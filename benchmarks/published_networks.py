"""Networks whose latencies were published and that keras.applications does not have, by their shapes alone."""

from __future__ import annotations

import math

from edgecomp.latency.micro.builder import NetworkBuilder

# Width, depth and side of EfficientNet-Lite0 to 4 (github.com/tensorflow/tpu, models/official/efficientnet/lite).
_LITE = ((1.0, 1.0, 224), (1.0, 1.1, 240), (1.1, 1.2, 260), (1.2, 1.4, 280), (1.4, 1.8, 300))
# Repeats, window, stride, expansion, channels of EfficientNet's stages (https://arxiv.org/abs/1905.11946, table 1).
_STAGES = (
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112)),
    *((4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
# Backbone, side, channels and cells of the BiFPN of EfficientDet-Lite0 and 2
# (github.com/google/automl, efficientdet/hparams_config.py).
_DETECTORS = {0: (0, 320, 64, 3), 2: (2, 448, 112, 5)}
_HEAD_LAYERS, _ANCHORS, _CLASSES = 3, 9, 90


def efficientnet_lite(number: int, precision: str) -> bytes:
    """EfficientNet-Lite0 to 4."""
    network = NetworkBuilder(precision)
    tensor = network.convolution(_backbone(network, number, _LITE[number][2])[-1], 1280)
    flat = network.reshape(network.mean(tensor), 1, 1280)
    return network.finish(network.unary("SOFTMAX", network.dense(flat, 1000)))


def efficientdet_lite(number: int, precision: str) -> bytes:
    """EfficientDet-Lite0 or 2, up to the boxes and scores of the anchors; choosing among them is left out."""
    backbone, side, channels, cells = _DETECTORS[number]
    network = NetworkBuilder(precision)
    levels = [network.convolution(one, channels) for one in _backbone(network, backbone, side)[-3:]]
    for _ in range(2):
        levels.append(network.pool("MAX_POOL_2D", levels[-1], 3, stride=2))
    for _ in range(cells):
        levels = _cell(network, levels)
    outputs = []
    for width in (_ANCHORS * _CLASSES, _ANCHORS * 4):
        for level in levels:
            tensor = level
            for _ in range(_HEAD_LAYERS):
                tensor = network.convolution(network.depthwise(tensor, 3), channels)
            outputs.append(network.convolution(network.depthwise(tensor, 3), width))
    return network.finish(*outputs)


def _backbone(network: NetworkBuilder, number: int, side: int) -> list[int]:
    """The last tensor at a quarter, an eighth, a sixteenth and a thirty-second of the size."""
    width, depth, _ = _LITE[number]
    tensor = network.convolution(network.input(1, side, side, 3), 32, 3, stride=2)
    found: dict[int, int] = {}
    for place, (repeats, window, stride, expansion, channels) in enumerate(_STAGES):
        ends = place in (0, len(_STAGES) - 1)  # Lite leaves the depth of the first and the last stage
        for repeat in range(repeats if ends else math.ceil(repeats * depth)):
            tensor = _block(
                network, tensor, window, stride if repeat == 0 else 1, expansion, _rounded(channels * width)
            )
        found[network.shape(tensor)[1]] = tensor
    return list(found.values())


def _rounded(channels: float) -> int:
    """To a multiple of 8, at least nine tenths of it."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def _block(network: NetworkBuilder, tensor: int, window: int, stride: int, expansion: int, channels: int) -> int:
    wide = network.convolution(tensor, network.shape(tensor)[-1] * expansion) if expansion > 1 else tensor
    narrow = network.convolution(network.depthwise(wide, window, stride=stride), channels)
    return network.binary("ADD", narrow, tensor) if network.shape(narrow) == network.shape(tensor) else narrow


def _cell(network: NetworkBuilder, levels: list[int]) -> list[int]:
    """One BiFPN cell (https://arxiv.org/abs/1911.09070): down the levels and up again."""
    down = [levels[-1]]
    for level in reversed(levels[:-1]):
        larger = network.resize("RESIZE_NEAREST_NEIGHBOR", down[0], *network.shape(level)[1:3])
        down.insert(0, _joined(network, level, larger))
    up = [down[0]]
    for level, middle in zip(levels[1:], down[1:], strict=True):
        smaller = network.pool("MAX_POOL_2D", up[-1], 3, stride=2)
        both = network.binary("ADD", level, smaller)
        up.append(_joined(network, both, middle) if middle is not level else _separable(network, both))
    return up


def _joined(network: NetworkBuilder, one: int, other: int) -> int:
    return _separable(network, network.binary("ADD", one, other))


def _separable(network: NetworkBuilder, tensor: int) -> int:
    return network.convolution(network.depthwise(tensor, 3), network.shape(tensor)[-1])
