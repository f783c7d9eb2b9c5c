"""Writes .tflite files operator by operator, with made-up weights, without TensorFlow.

Kernels take as long for any weights. All int8 activations share one scale, so that operators fit each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tflite.packing import AlignedBuffer, pack, schema

_SCALE, _WEIGHT_SCALE = 0.05, 0.02
# Fixed by TFLite's int8 kernels: outputs between 0 and 1, and between -1 and 1.
_GRIDS = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0)}
_SAME, _VALID = 0, 1
# A prime number, so that rows of weights differ.
_MADE_UP = 8191
# The first versions that have int8, where that is not 2 (TFLite's `op_version.cc`).
_VERSIONS = {"RESHAPE": 1, "HARD_SWISH": 1, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4}


class NetworkBuilder:
    """A .tflite under way. Each method adds an operator and returns the index of its result.

    Args:
        precision: "float32" or "int8", of all that flows through the network.
    """

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self._schema = schema()
        rng = np.random.default_rng(0)
        self._made_up = (
            rng.integers(-127, 127, _MADE_UP, np.int8)
            if precision == "int8"
            else rng.uniform(-0.05, 0.05, _MADE_UP).astype(np.float32)
        )
        self._buffers: list[Any] = [AlignedBuffer(None)]
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[str] = []
        self._inputs: list[int] = []

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor of the network."""
        return tuple(self._tensors[tensor].shape)

    def input(self, *shape: int, precision: str | None = None) -> int:
        """An input of the network."""
        self._inputs.append(self._activation(shape, precision=precision))
        return self._inputs[-1]

    def convolution(
        self, source: int, channels: int, window: int | tuple[int, int] = 1, *, stride: int = 1, same: bool = True
    ) -> int:
        """CONV_2D with a bias and a fused ReLU."""
        height, width = (window, window) if isinstance(window, int) else window
        weights = self._weights((channels, height, width, self.shape(source)[-1]), axis=0)
        result = self._activation((1, *self._slid(source, (height, width), stride, same), channels))
        options = self._sliding("Conv2DOptions", stride, same)
        return self._add("CONV_2D", [source, weights, self._bias(channels)], result, options)

    def depthwise(self, source: int, window: int, *, stride: int = 1, same: bool = True) -> int:
        """DEPTHWISE_CONV_2D with a bias and a fused ReLU."""
        channels = self.shape(source)[-1]
        weights = self._weights((1, window, window, channels), axis=3)
        result = self._activation((1, *self._slid(source, (window, window), stride, same), channels))
        options = self._sliding("DepthwiseConv2DOptions", stride, same)
        options.depthMultiplier = 1
        return self._add("DEPTHWISE_CONV_2D", [source, weights, self._bias(channels)], result, options)

    def dense(self, source: int, units: int) -> int:
        """FULLY_CONNECTED with a bias."""
        rows, depth = self.shape(source)
        weights = self._weights((units, depth), axis=0)
        options = self._schema.FullyConnectedOptionsT()
        return self._add(
            "FULLY_CONNECTED", [source, weights, self._bias(units)], self._activation((rows, units)), options
        )

    def pool(self, name: str, source: int, window: int, *, stride: int, same: bool = True) -> int:
        """MAX_POOL_2D or AVERAGE_POOL_2D."""
        size = self._slid(source, (window, window), stride, same)
        options = self._sliding("Pool2DOptions", stride, same, relu=False)
        options.filterHeight = options.filterWidth = window
        return self._add(name, [source], self._activation((1, *size, self.shape(source)[-1])), options)

    def unary(self, name: str, source: int, precision: str | None = None) -> int:
        """An operator of one input whose result has its shape: RELU, LOGISTIC, SOFTMAX, QUANTIZE, …"""
        options = None
        if name == "SOFTMAX":
            options = self._schema.SoftmaxOptionsT()
            options.beta = 1.0
        return self._add(
            name, [source], self._activation(self.shape(source), grid=_GRIDS.get(name), precision=precision), options
        )

    def binary(self, name: str, left: int, right: int, *, relu: bool = False) -> int:
        """ADD, SUB or MUL, with a fused ReLU if asked for; NumPy's rules of broadcasting."""
        shape = np.broadcast_shapes(self.shape(left), self.shape(right))
        options = self._options(f"{name.title()}Options")
        options.fusedActivationFunction = int(relu)
        return self._add(name, [left, right], self._activation(shape), options)

    def constant(self, *shape: int) -> int:
        """Made-up values to compute with."""
        return self._constant(self._values(shape), self.precision, ((_SCALE,), 0))

    def mean(self, source: int) -> int:
        """MEAN over height and width, which it keeps as 1."""
        options = self._schema.ReducerOptionsT()
        options.keepDims = True
        axes = self._constant(np.array([1, 2], np.int32), "int32")
        return self._add("MEAN", [source, axes], self._activation((1, 1, 1, self.shape(source)[-1])), options)

    def concatenation(self, *sources: int) -> int:
        """CONCATENATION along the channels."""
        options = self._schema.ConcatenationOptionsT()
        options.axis = 3
        channels = sum(self.shape(one)[-1] for one in sources)
        result = self._activation((*self.shape(sources[0])[:-1], channels))
        return self._add("CONCATENATION", list(sources), result, options)

    def pad(self, source: int, margin: int = 1) -> int:
        """PAD around height and width."""
        edges = self._constant(np.array([[0, 0], [margin] * 2, [margin] * 2, [0, 0]], np.int32), "int32")
        one, height, width, channels = self.shape(source)
        result = self._activation((one, height + 2 * margin, width + 2 * margin, channels))
        return self._add("PAD", [source, edges], result, self._schema.PadOptionsT())

    def crop(self, source: int, margin: int = 1) -> int:
        """STRIDED_SLICE that leaves out the first rows and columns."""
        one, height, width, channels = self.shape(source)
        begins, ends, steps = [0, margin, margin, 0], [one, height, width, channels], [1] * 4
        ranges = [self._constant(np.array(values, np.int32), "int32") for values in (begins, ends, steps)]
        result = self._activation((one, height - margin, width - margin, channels))
        return self._add("STRIDED_SLICE", [source, *ranges], result, self._schema.StridedSliceOptionsT())

    def resize(self, name: str, source: int, height: int, width: int) -> int:
        """RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR."""
        size = self._constant(np.array([height, width], np.int32), "int32")
        result = self._activation((1, height, width, self.shape(source)[-1]))
        kind = "ResizeBilinearOptions" if name == "RESIZE_BILINEAR" else "ResizeNearestNeighborOptions"
        return self._add(name, [source, size], result, self._options(kind))

    def reshape(self, source: int, *shape: int) -> int:
        """RESHAPE."""
        options = self._schema.ReshapeOptionsT()
        options.newShape = list(shape)
        size = self._constant(np.array(shape, np.int32), "int32")
        return self._add("RESHAPE", [source, size], self._activation(shape), options)

    def transpose(self, source: int, *order: int) -> int:
        """TRANSPOSE."""
        axes = self._constant(np.array(order, np.int32), "int32")
        shape = tuple(self.shape(source)[axis] for axis in order)
        return self._add("TRANSPOSE", [source, axes], self._activation(shape), self._schema.TransposeOptionsT())

    def finish(self, *outputs: int) -> bytes:
        """The file."""
        made = self._schema
        graph = made.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = self._inputs, list(outputs)
        model = made.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [graph], self._buffers
        model.operatorCodes = [self._code(name) for name in self._codes]
        return pack(model)

    def _code(self, name: str) -> Any:
        code = self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = _VERSIONS.get(name, 2)
        return code

    def _add(self, name: str, inputs: Sequence[int], result: int, options: Any = None) -> int:
        operator = self._schema.OperatorT()
        if name not in self._codes:
            self._codes.append(name)
        operator.opcodeIndex = self._codes.index(name)
        operator.inputs, operator.outputs = list(inputs), [result]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._operators.append(operator)
        return result

    def _options(self, kind: str) -> Any:
        return getattr(self._schema, f"{kind}T")()

    def _sliding(self, kind: str, stride: int, same: bool, *, relu: bool = True) -> Any:
        options = self._options(kind)
        options.strideH = options.strideW = stride
        options.padding = _SAME if same else _VALID
        if relu:
            options.dilationHFactor = options.dilationWFactor = 1
            options.fusedActivationFunction = self._schema.ActivationFunctionType.RELU
        return options

    def _slid(self, source: int, window: tuple[int, int], stride: int, same: bool) -> tuple[int, ...]:
        """Height and width of what a window makes of a tensor."""
        sides = self.shape(source)[1:3]
        return tuple(
            -(-side // stride) if same else (side - size) // stride + 1
            for side, size in zip(sides, window, strict=True)
        )

    def _activation(
        self, shape: Sequence[int], grid: tuple[float, int] | None = None, precision: str | None = None
    ) -> int:
        scale, zero_point = grid or (_SCALE, 0)
        return self._tensor(shape, precision or self.precision, 0, ((scale,), zero_point))

    def _weights(self, shape: tuple[int, ...], axis: int) -> int:
        return self._constant(self._values(shape), self.precision, ((_WEIGHT_SCALE,) * shape[axis], 0), axis)

    def _bias(self, channels: int) -> int:
        if self.precision == "float32":
            return self._constant(np.zeros(channels, np.float32), "float32")
        return self._constant(np.zeros(channels, np.int32), "int32", ((_SCALE * _WEIGHT_SCALE,) * channels, 0))

    def _values(self, shape: Sequence[int]) -> np.ndarray:
        """The same thousands again and again, since making up millions takes longer than measuring."""
        return np.resize(self._made_up, tuple(shape))

    def _constant(
        self, values: np.ndarray, dtype: str, grid: tuple[tuple[float, ...], int] | None = None, axis: int = 0
    ) -> int:
        self._buffers.append(AlignedBuffer(values.tobytes()))
        return self._tensor(values.shape, dtype, len(self._buffers) - 1, grid, axis)

    def _tensor(
        self,
        shape: Sequence[int],
        dtype: str,
        buffer: int,
        grid: tuple[tuple[float, ...], int] | None,
        axis: int = 0,
    ) -> int:
        tensor = self._schema.TensorT()
        tensor.shape, tensor.buffer, tensor.name = list(shape), buffer, f"t{len(self._tensors)}"
        tensor.type = getattr(self._schema.TensorType, dtype.upper())
        if grid is not None and dtype != "float32":
            tensor.quantization = self._schema.QuantizationParametersT()
            tensor.quantization.scale = list(grid[0])
            tensor.quantization.zeroPoint = [grid[1]] * len(grid[0])
            tensor.quantization.quantizedDimension = axis
        self._tensors.append(tensor)
        return len(self._tensors) - 1
