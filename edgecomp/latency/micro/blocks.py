"""Blocks of well-known families, small: they show what operators cost behind each other rather than alone."""

from __future__ import annotations

from collections.abc import Callable

from .builder import NetworkBuilder


def _inverted(network: NetworkBuilder, tensor: int, channels: int, *, expand: int = 6, window: int = 3) -> int:
    """Widen, depthwise, narrow, add (Sandler and others, 2018, https://arxiv.org/abs/1801.04381)."""
    wide = network.convolution(tensor, network.shape(tensor)[-1] * expand)
    narrow = network.convolution(network.depthwise(wide, window), channels)
    return network.binary("ADD", narrow, tensor) if network.shape(narrow) == network.shape(tensor) else narrow


def _squeezed(network: NetworkBuilder, tensor: int, activation: str) -> int:
    """Squeeze and excite (Hu and others, 2017, https://arxiv.org/abs/1709.01507)."""
    channels = network.shape(tensor)[-1]
    gate = network.convolution(network.convolution(network.mean(tensor), max(8, channels // 4)), channels)
    return network.binary("MUL", tensor, network.unary(activation, gate))


def mobile(network: NetworkBuilder) -> int:
    """Like MobileNetV2."""
    tensor = network.convolution(network.input(1, 112, 112, 3), 24, 3, stride=2)
    for channels in (24, 32, 32):
        tensor = _inverted(network, tensor, channels)
    tensor = network.depthwise(tensor, 3, stride=2)
    for _ in range(2):
        tensor = _inverted(network, tensor, 32)
    tensor = network.depthwise(network.convolution(tensor, 192), 3, stride=2)
    for channels in (64, 64, 96, 96):
        tensor = _inverted(network, network.convolution(tensor, channels), channels)
    return network.mean(network.convolution(tensor, 640))


def separable(network: NetworkBuilder) -> int:
    """Like MobileNetV1."""
    tensor = network.convolution(network.input(1, 128, 128, 3), 32, 3, stride=2)
    for channels, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1)):
        tensor = network.convolution(network.depthwise(tensor, 3, stride=stride), channels)
    return network.mean(tensor)


def squeeze_and_excite(network: NetworkBuilder) -> int:
    """Like EfficientNet and MobileNetV3."""
    tensor = network.convolution(network.input(1, 96, 96, 3), 32, 3, stride=2)
    for channels, window, stride in ((24, 3, 2), (40, 5, 2), (40, 5, 1), (80, 5, 2), (80, 3, 1), (112, 5, 1)):
        wide = network.convolution(tensor, network.shape(tensor)[-1] * 4)
        wide = network.binary("MUL", wide, network.unary("LOGISTIC", wide))
        wide = network.depthwise(wide, window, stride=stride)
        wide = network.binary("MUL", wide, network.unary("LOGISTIC", wide))
        tensor = network.convolution(_squeezed(network, wide, "LOGISTIC"), channels)
    return network.mean(tensor)


def hard_swish(network: NetworkBuilder) -> int:
    """Like MobileNetV3."""
    tensor = network.convolution(network.input(1, 28, 28, 3), 40, 3)
    for channels, window, stride in ((40, 3, 1), (80, 3, 2), (80, 3, 1), (112, 3, 1), (160, 5, 2), (160, 5, 1)):
        wide = network.unary("HARD_SWISH", network.convolution(tensor, network.shape(tensor)[-1] * 4))
        wide = network.unary("HARD_SWISH", network.depthwise(wide, window, stride=stride))
        tensor = network.convolution(_squeezed(network, wide, "LOGISTIC"), channels)
    return network.mean(tensor)


def residual(network: NetworkBuilder) -> int:
    """Like ResNet-50: narrow, 3x3, widen, add."""
    tensor = network.convolution(network.input(1, 64, 64, 3), 64, 7, stride=2)
    tensor = network.pool("MAX_POOL_2D", network.pad(tensor), 3, stride=2, same=False)
    for narrow, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        inner = network.convolution(network.convolution(tensor, narrow, stride=stride), narrow, 3)
        wide = network.convolution(inner, narrow * 4)
        shortcut = tensor if network.shape(tensor) == network.shape(wide) else None
        shortcut = network.convolution(tensor, narrow * 4, stride=stride) if shortcut is None else shortcut
        tensor = network.binary("ADD", wide, shortcut, relu=True)
    return network.mean(tensor)


def dense_blocks(network: NetworkBuilder) -> int:
    """Like DenseNet: each layer reads all before it, and has scales and shifts that fold into none."""
    tensor = network.convolution(network.input(1, 32, 32, 3), 64, 3)
    for layers in (4, 6, 8):
        for _ in range(layers):
            channels = network.shape(tensor)[-1]
            scaled = network.binary("MUL", tensor, network.constant(1, 1, 1, channels))
            scaled = network.binary("ADD", scaled, network.constant(1, 1, 1, channels), relu=True)
            tensor = network.concatenation(tensor, network.convolution(network.convolution(scaled, 128), 32, 3))
        tensor = network.convolution(tensor, network.shape(tensor)[-1] // 2)
        tensor = network.pool("AVERAGE_POOL_2D", tensor, 2, stride=2)
    return network.mean(tensor)


def branches(network: NetworkBuilder) -> int:
    """Like Inception: branches of several windows, joined."""
    tensor = network.convolution(network.input(1, 50, 50, 3), 64, 3, stride=2)
    for window in ((3, 3), (5, 5), (1, 7)):
        first = network.convolution(tensor, 64)
        second = network.convolution(network.convolution(tensor, 48), 64, window)
        third = network.convolution(network.convolution(network.convolution(tensor, 64), 96, 3), 96, 3)
        fourth = network.convolution(network.pool("AVERAGE_POOL_2D", tensor, 3, stride=1), 32)
        tensor = network.concatenation(first, second, third, fourth)
    return network.mean(network.pool("MAX_POOL_2D", tensor, 3, stride=2, same=False))


def plain(network: NetworkBuilder) -> int:
    """Like VGG: 3x3 convolutions and pooling, then dense layers."""
    tensor = network.input(1, 48, 48, 3)
    for channels in (32, 64, 128, 256):
        tensor = network.convolution(network.convolution(tensor, channels, 3), channels, 3)
        tensor = network.pool("MAX_POOL_2D", tensor, 2, stride=2)
    pixels = network.shape(tensor)
    flat = network.reshape(tensor, 1, pixels[1] * pixels[2] * pixels[3])
    return network.unary("SOFTMAX", network.dense(network.dense(flat, 256), 100))


def deep_mobile(network: NetworkBuilder) -> int:
    """Like MobileNetV2, whole."""
    tensor = network.convolution(network.input(1, 144, 144, 3), 32, 3, stride=2)
    for channels, stride, count in ((24, 2, 3), (40, 2, 4), (72, 2, 6), (96, 1, 4), (160, 2, 4)):
        for place in range(count):
            wide = network.convolution(tensor, network.shape(tensor)[-1] * 6)
            narrow = network.convolution(network.depthwise(wide, 3, stride=1 if place else stride), channels)
            tensor = network.binary("ADD", narrow, tensor) if place else narrow
    return network.unary("SOFTMAX", network.dense(network.reshape(network.mean(tensor), 1, 160), 200))


def deep_squeeze_and_excite(network: NetworkBuilder) -> int:
    """Like EfficientNet, whole."""
    tensor = network.convolution(network.input(1, 176, 176, 3), 32, 3, stride=2)
    stages = ((24, 3, 2, 2), (40, 5, 2, 3), (80, 3, 2, 4), (120, 5, 1, 4), (208, 5, 2, 4))
    for channels, window, stride, count in stages:
        for place in range(count):
            wide = network.convolution(tensor, network.shape(tensor)[-1] * 6)
            wide = network.binary("MUL", wide, network.unary("LOGISTIC", wide))
            wide = network.depthwise(wide, window, stride=1 if place else stride)
            wide = network.binary("MUL", wide, network.unary("LOGISTIC", wide))
            narrow = network.convolution(_squeezed(network, wide, "LOGISTIC"), channels)
            tensor = network.binary("ADD", narrow, tensor) if place else narrow
    return network.mean(tensor)


def cells(network: NetworkBuilder) -> int:
    """Like networks found by search: many separable convolutions of one cell, read late and joined."""
    tensor = network.convolution(network.input(1, 160, 160, 3), 32, 3, stride=2)
    before = tensor
    for channels, stride, count in ((32, 2, 3), (64, 2, 4), (128, 2, 4)):
        for place in range(count):
            step = 1 if place else stride
            source = network.convolution(network.unary("RELU", tensor), channels)
            if network.shape(before)[1] != network.shape(tensor)[1]:
                before = network.pool("AVERAGE_POOL_2D", before, 1, stride=2)
            other = network.convolution(network.unary("RELU", before), channels)
            parts = []
            for first, second in ((5, 3), (3, 5), (3, 3)):
                left = _separable_twice(network, source, first, step)
                right = _separable_twice(network, other, second, step)
                parts.append(network.binary("ADD", left, right))
            pooled = network.pool("AVERAGE_POOL_2D", source, 3, stride=step)
            before, tensor = tensor, network.concatenation(*parts, pooled)
    return network.mean(network.unary("RELU", tensor))


def _separable_twice(network: NetworkBuilder, tensor: int, window: int, stride: int) -> int:
    channels = network.shape(tensor)[-1]
    for step in (stride, 1):
        depthwise = network.depthwise(network.unary("RELU", tensor), window, stride=step)
        tensor = network.convolution(depthwise, channels)
    return tensor


def deep_separable(network: NetworkBuilder) -> int:
    """Like Xception: wide separable convolutions in threes, with their activations apart."""
    tensor = network.convolution(network.input(1, 112, 112, 3), 64, 3, stride=2)
    for channels in (128, 256, 640):
        for _ in range(2):
            tensor = network.convolution(network.depthwise(network.unary("RELU", tensor), 3), channels)
        tensor = network.pool("MAX_POOL_2D", tensor, 3, stride=2)
    for _ in range(5):
        inner = tensor
        for _ in range(3):
            inner = network.convolution(network.depthwise(network.unary("RELU", inner), 3), 640)
        tensor = network.binary("ADD", inner, tensor)
    return network.mean(tensor)


DEEP_BLOCKS: dict[str, Callable[[NetworkBuilder], int]] = {
    "deep mobile": deep_mobile,
    "deep squeeze and excite": deep_squeeze_and_excite,
    "cells": cells,
    "deep separable": deep_separable,
}
"""Networks of many operators, after each of which the caches hold other things than in a small one."""

BLOCKS: dict[str, Callable[[NetworkBuilder], int]] = {
    "mobile": mobile,
    "separable": separable,
    "squeeze and excite": squeeze_and_excite,
    "hard swish": hard_swish,
    "residual": residual,
    "dense blocks": dense_blocks,
    "branches": branches,
    "plain": plain,
}
"""By name: adds a small network to a builder, and returns its result."""
