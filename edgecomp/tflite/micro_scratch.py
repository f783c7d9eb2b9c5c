"""Scratch memory that microcontrollers' int8 kernels ask for, operator by operator.

CMSIS-NN: `arm_*_get_buffer_size_dsp` of https://github.com/ARM-software/CMSIS-NN, for cores with the DSP extension and
without vectors (Cortex-M4, Cortex-M7). ESP-NN: `esp_nn_get_*_scratch_size_esp32s3` of
https://github.com/espressif/esp-nn, which copies inputs with their padding, and weights that are not aligned. Both
change from release to release; these are upper bounds over the paths that a shape can take, grouped convolutions aside.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Operator, Subgraph

_INT16 = 2
_INT32 = 4


@dataclass(frozen=True)
class _Window:
    """A convolution: sizes of its input and output, [height, width, channels], and of its window, [height, width]."""

    source: tuple[int, int, int]
    output: tuple[int, int, int]
    size: tuple[int, int]
    strides: tuple[int, int]

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the input with as much padding as the windows reach over."""
        reach = [
            (count - 1) * stride + size
            for count, stride, size in zip(self.output[:2], self.strides, self.size, strict=True)
        ]
        return max(reach[0], self.source[0]), max(reach[1], self.source[1])


def cmsis_nn_scratch(graph: Subgraph, operator: Operator) -> int:
    """Bytes of scratch memory of CMSIS-NN's kernel; 0 for operators that need none."""
    window = _window(graph, operator)
    if operator.name == "AVERAGE_POOL_2D" and _is_int8(graph, operator):
        return graph.tensors[operator.inputs[0]].shape[-1] * _INT32
    if window is None:
        return 0
    if operator.name == "DEPTHWISE_CONV_2D":
        return window.source[2] * window.area * _INT16
    if window.area == 1 and window.strides == (1, 1):
        return 0
    return 2 * window.source[2] * window.area * _INT16  # two columns of the unfolded input


def esp_nn_scratch(graph: Subgraph, operator: Operator) -> int:
    """Bytes of scratch memory of ESP-NN's kernel for the ESP32-S3; 0 for operators that need none."""
    window = _window(graph, operator)
    if operator.name == "SOFTMAX" and _is_int8(graph, operator):
        return graph.tensors[operator.inputs[0]].shape[-1] * _INT32
    if window is None:
        return 0
    return _esp_nn_depthwise(window) if operator.name == "DEPTHWISE_CONV_2D" else _esp_nn_convolution(window)


def _esp_nn_convolution(window: _Window) -> int:
    inputs, outputs = window.source[2], window.output[2]
    if window.area == 1 and window.strides == (1, 1):
        panels = 24 * inputs + 16 * 1024 + 64 if inputs * outputs > 24 * 1024 else 0
        return max(16 * _up(inputs, 8) + 64, 24 * inputs + 8 * outputs + 64, panels)
    height, width = window.padded
    copied = 0 if window.padded == window.source[:2] else height * width * inputs
    unfolded = _up(window.area * inputs, 16)
    weights = _up(window.size[1] * inputs, 16) * window.size[0] * outputs
    return copied + unfolded + weights + outputs * _INT32 + 96


def _esp_nn_depthwise(window: _Window) -> int:
    height, width = window.padded
    channels = _up(window.output[2], 16)
    weights, source = window.area * channels, height * width * channels
    if window.size == (3, 3) and window.output[2] % 16 == 0:
        return weights + min(source, max(40 * 1024, 3 * width * channels)) + 32
    result = window.output[0] * window.output[1] * channels
    return _INT16 * (weights + source) + result + 3 * channels * _INT32 + 64


def _window(graph: Subgraph, operator: Operator) -> _Window | None:
    """The window of an int8 convolution; None for any other operator."""
    if operator.name not in ("CONV_2D", "DEPTHWISE_CONV_2D") or not _is_int8(graph, operator):
        return None
    edges = (*operator.inputs[:2], *operator.outputs[:1])
    if len(edges) < 3 or min(edges) < 0:
        return None
    source, weights = (graph.tensors[index].shape for index in operator.inputs[:2])
    output = graph.tensors[operator.outputs[0]].shape
    if min(len(source), len(weights), len(output)) < 4:
        return None
    strides = (int(operator.options.get("strideH", 1)), int(operator.options.get("strideW", 1)))
    return _Window(source[-3:], output[-3:], weights[1:3], strides)  # type: ignore[arg-type]  # of known lengths


def _is_int8(graph: Subgraph, operator: Operator) -> bool:
    edges = (*operator.inputs[:1], *operator.outputs[:1])
    if len(edges) < 2 or min(edges) < 0:
        return False
    source = graph.tensors[edges[0]]
    return bool(source.shape) and source.dtype == "int8"


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
