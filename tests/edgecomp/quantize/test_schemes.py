"""What targets ask of the integers: bits of the weights, symmetric activations, one scale for a layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import QuantizeError, quantize
from edgecomp.quantize.schemes import INTEGERS, NEEDS_CALIBRATION
from edgecomp.tflite import Tensor, TfliteModel, align_buffers, read_tflite, with_constants

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# The kernels of these fix the zero point of what they give.
FIXED = ("SOFTMAX", "LOGISTIC")

Outputs = list[dict[str, np.ndarray]]


def weights(model: TfliteModel) -> list[tuple[str, Tensor]]:
    return [
        (operator.name, model.main.tensors[operator.inputs[1]])
        for operator in model.main.operators
        if operator.name in LAYERS
    ]


def real(tensor: Tensor) -> np.ndarray:
    """What the integers of weights stand for, float32."""
    assert tensor.quantization is not None
    shape = [1] * len(tensor.shape)
    shape[tensor.quantization.axis] = -1
    scale = np.array(tensor.quantization.scale, np.float32)
    return tensor.values().astype(np.float32) * scale.reshape(shape if scale.size > 1 else [1] * len(shape))


def sqnr_db(wanted: Outputs, got: Outputs) -> float:
    signal = sum(float(np.square(value).sum()) for one in wanted for value in one.values())
    noise = sum(
        float(np.square(value - other[name]).sum())
        for one, other in zip(wanted, got, strict=True)
        for name, value in one.items()
    )
    return float(10 * np.log10(signal / max(noise, 1e-30)))


def run_plain(file: bytes, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=file, experimental_op_resolver_type=plain)
    return dict(interpreter.get_signature_runner("serving_default")(**feeds))


@pytest.mark.parametrize("kernels", ["fast", "plain"])
@pytest.mark.parametrize("name", ["conv", "dense", "upsampling"])
@pytest.mark.parametrize("scheme", ["int4", "dynamic4"])
def test_four_bit_weights_compute_what_they_stand_for(
    scheme: Any, name: str, kernels: str, network: Callable[[str], Any], ranges_of: Any, run: Any
) -> None:
    """The float file with the very weights that the integers stand for differs by the noise of activations alone."""
    net = network(name)
    file = quantize(net.file, scheme=scheme, io="float", ranges=ranges_of(net.file, net.samples))
    stored = {tensor.name: tensor for _, tensor in weights(read_tflite(file)) if tensor.dtype in ("int4", "int8")}
    original = {tensor.name: tensor.index for tensor in read_tflite(net.file).main.tensors}
    reference = with_constants(net.file, {original[name]: real(tensor) for name, tensor in stored.items()})
    ran = run if kernels == "fast" else run_plain
    wanted = [run(reference, sample) for sample in net.samples]
    got = [ran(align_buffers(file), sample) for sample in net.samples]
    assert sqnr_db(wanted, got) > 25


@pytest.mark.parametrize("scheme", sorted(INTEGERS))
def test_each_layer_has_the_bits_and_scales_of_its_scheme(
    scheme: Any, network: Callable[[str], Any], ranges_of: Any
) -> None:
    net, integers = network("conv"), INTEGERS[scheme]
    file = quantize(net.file, scheme=scheme, io="float", ranges=ranges_of(net.file, net.samples))
    found = weights(read_tflite(file))
    assert [operator for operator, _ in found] == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    for operator, tensor in found:
        channels = tensor.shape[-1] if operator == "DEPTHWISE_CONV_2D" else tensor.shape[0]
        assert tensor.dtype == f"int{dict(integers.fewer).get(operator, integers.weights)}"
        assert tensor.quantization is not None
        assert len(tensor.quantization.scale) == (1 if operator in integers.per_tensor else channels)
        assert set(tensor.quantization.zero_point) == {0}


@pytest.mark.parametrize("name", ["conv", "upsampling", "two inputs"])
def test_symmetric_activations_have_a_zero_point_of_0(
    name: str, network: Callable[[str], Any], ranges_of: Any, run: Any
) -> None:
    net = network(name)
    ranges = ranges_of(net.file, net.samples)

    def zero_points(symmetric: bool) -> set[int]:
        file = quantize(net.file, scheme="int8", io="int8", ranges=ranges, symmetric_activations=symmetric)
        graph = read_tflite(file).main
        fixed = {index for operator in graph.operators if operator.name in FIXED for index in operator.outputs}
        return {
            point
            for tensor in graph.tensors
            if tensor.quantization is not None and tensor.index not in fixed
            for point in tensor.quantization.zero_point
        }

    assert zero_points(symmetric=True) == {0}
    assert zero_points(symmetric=False) > {0}
    file = quantize(net.file, scheme="int8", io="float", ranges=ranges, symmetric_activations=True)
    samples = net.samples[:10]
    assert sqnr_db([run(net.file, one) for one in samples], [run(file, one) for one in samples]) > 15


@pytest.mark.parametrize("scheme", sorted(NEEDS_CALIBRATION))
@pytest.mark.parametrize("name", ["conv", "upsampling"])
def test_weights_per_tensor_have_one_scale_and_run(
    name: str, scheme: Any, network: Callable[[str], Any], ranges_of: Any, run: Any
) -> None:
    net = network(name)
    ranges = ranges_of(net.file, net.samples)
    file = quantize(net.file, scheme=scheme, io="float", ranges=ranges, per_tensor_weights=True)
    scales = [
        tensor.quantization.scale
        for tensor in read_tflite(file).main.tensors
        if tensor.is_constant and tensor.quantization is not None
    ]
    assert {len(one) for one in scales} == {1}
    wanted = [run(net.file, one) for one in net.samples[:10]]
    for ran in (run, run_plain):
        assert sqnr_db(wanted, [ran(file, one) for one in net.samples[:10]]) > (8 if scheme == "int4" else 20)


@pytest.mark.parametrize("scheme", ["dynamic", "dynamic4"])
def test_weights_per_tensor_are_refused_where_no_kernel_takes_them(scheme: Any, network: Callable[[str], Any]) -> None:
    with pytest.raises(QuantizeError, match=f"{scheme} has no kernels for weights with one scale per tensor"):
        quantize(network("conv").file, scheme=scheme, io="float", per_tensor_weights=True)


@pytest.mark.parametrize("per_tensor", [True, False])
@pytest.mark.parametrize("scheme", sorted(NEEDS_CALIBRATION))
def test_a_channel_with_a_bias_and_next_to_no_weights_changes_no_granularity(
    scheme: Any, per_tensor: bool, export: Any, ranges_of: Any, run: Any
) -> None:
    """Its scale has to be raised, or its bias would overflow; by a scale for that channel alone where others have."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), name="x")
    convolution, dense = layers.Conv2D(6, 3, activation="relu"), layers.Dense(5)
    model = keras.Model(inputs, dense(layers.Flatten()(convolution(inputs))))
    for layer in (convolution, dense):
        kernel, bias = layer.get_weights()
        kernel[..., 1] *= 1e-9
        bias[1] = 3
        layer.set_weights([kernel, bias])
    _, file = export(model)
    rng = np.random.default_rng(0)
    samples = [{"x": rng.normal(size=(1, 8, 8, 3)).astype(np.float32)} for _ in range(10)]
    ranges = ranges_of(file, samples)
    made = quantize(file, scheme=scheme, io="float", ranges=ranges, per_tensor_weights=per_tensor)
    scales = {
        name: len(tensor.quantization.scale) for name, tensor in weights(read_tflite(made)) if tensor.quantization
    }
    shared = per_tensor or "FULLY_CONNECTED" in INTEGERS[scheme].per_tensor
    assert scales == {"CONV_2D": 1 if per_tensor else 6, "FULLY_CONNECTED": 1 if shared else 5}
    assert sqnr_db([run(file, one) for one in samples], [run(made, one) for one in samples]) > 20
