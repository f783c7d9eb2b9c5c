"""Patches times weights are what the kernels compute, for every kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.mend.operator_run import reduced_values
from edgecomp.quantize.mend.patches import patch_geometry
from edgecomp.quantize.mend.weighted import OPERANDS, WeightedLayer
from edgecomp.tflite import read_tflite

LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "same": (lambda layers: layers.Conv2D(8, 3, padding="same"), (9, 8, 4)),
    "even kernel, stride": (lambda layers: layers.Conv2D(8, (3, 2), strides=2, padding="same"), (9, 8, 4)),
    "dilated": (lambda layers: layers.Conv2D(8, 3, dilation_rate=2), (9, 8, 4)),
    "pointwise": (lambda layers: layers.Conv2D(8, 1), (9, 8, 4)),
    "groups": (lambda layers: layers.Conv2D(8, 3, groups=2, padding="same"), (9, 8, 4)),
    "depthwise": (lambda layers: layers.DepthwiseConv2D(3, strides=2, padding="same"), (8, 8, 4)),
    "multiplier": (lambda layers: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), (8, 8, 4)),
    "transposed": (lambda layers: layers.Conv2DTranspose(6, 3, strides=2, padding="same"), (5, 4, 4)),
    "transposed, stride 1": (lambda layers: layers.Conv2DTranspose(6, 3, padding="same"), (5, 4, 4)),
    "transposed, valid": (lambda layers: layers.Conv2DTranspose(6, 3, strides=2), (5, 4, 4)),
    "transposed, gaps": (lambda layers: layers.Conv2DTranspose(6, 2, strides=3, padding="same"), (5, 4, 4)),
    "transposed, uneven": (lambda layers: layers.Conv2DTranspose(6, (5, 4), strides=2, padding="same"), (5, 4, 4)),
    "dense": (lambda layers: layers.Dense(6), (4,)),
    "dense rows": (lambda layers: layers.Dense(6), (3, 4)),
}


def float_layer(file: bytes) -> WeightedLayer:
    graph = read_tflite(file).main
    operator = next(one for one in graph.operators if one.name in OPERANDS)
    data, weights, bias = (graph.tensors[operator.inputs[place]] for place in OPERANDS[operator.name])
    output = graph.tensors[operator.outputs[0]]
    return WeightedLayer(operator, data, weights, bias, output, data, weights, bias, output, (-np.inf, np.inf))


@pytest.mark.parametrize("name", LAYERS)
def test_the_product_is_what_the_kernel_gives(name: str, export: Any) -> None:
    import keras

    build, shape = LAYERS[name]
    keras.utils.set_random_seed(2)
    inputs = keras.Input(shape, name="x")
    model = keras.Model(inputs, build(keras.layers)(inputs))
    rng = np.random.default_rng(0)
    for variable in model.weights:
        variable.assign(rng.normal(size=variable.shape))
    _, file = export(model)
    layer = float_layer(file)
    assert layer.bias is not None
    geometry = patch_geometry(layer)
    assert geometry is not None
    positions = np.sort(rng.permutation(geometry.positions)[:40])
    samples = [{"x": rng.normal(size=(1, *shape)).astype(np.float32)}]
    (patches,), (outputs,) = reduced_values(
        file,
        [
            (layer.data.index, lambda values: geometry.patches(values, positions, 0.0)),
            (layer.output.index, lambda values: geometry.outputs(values, positions).copy()),
        ],
        samples,
        threads=1,
    )
    matrix = geometry.matrix(layer.weights.values())
    product = patches @ matrix.transpose(0, 2, 1) + geometry.by_group(layer.bias.values())[:, None]
    np.testing.assert_allclose(product, geometry.by_group(outputs), atol=1e-4)
    np.testing.assert_array_equal(geometry.weights(matrix, layer.weights.shape), layer.weights.values())


def test_padding_takes_the_value_that_stands_for_zero(export: Any) -> None:
    import keras

    inputs = keras.Input((4, 4, 1), name="x")
    _, file = export(keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same")(inputs)))
    geometry = patch_geometry(float_layer(file))
    assert geometry is not None
    (corner,) = geometry.patches(np.ones((1, 4, 4, 1), np.int8), np.array([0]), -7)[0]
    np.testing.assert_array_equal(corner, [-7, -7, -7, -7, 1, 1, -7, 1, 1])
