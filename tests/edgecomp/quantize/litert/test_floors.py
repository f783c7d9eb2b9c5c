"""Files of networks that are dead in places run with XNNPACK and with the plain kernels, and lose nothing by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.litert.floors import FINEST_STEP, LARGEST_BIAS, drop_idle_clamps, weight_bounds, widen_narrow
from edgecomp.quantize.ranges.choice import Ranges, choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import TfliteModel, align_buffers, read_tflite, with_activations

RELU6, RELU_N1_TO_1, RELU, NONE = 3, 2, 1, 0


def interpreter(file: bytes, *, plain: bool) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else OpResolverType.AUTO
    made = Interpreter(model_content=file, experimental_op_resolver_type=kind, num_threads=1)
    made.allocate_tensors()
    return made


def outputs(file: bytes, samples: list[dict[str, np.ndarray]], *, plain: bool = False) -> np.ndarray:
    """The first output as real numbers, for samples of one input."""
    running = interpreter(file, plain=plain)
    source, result = running.get_input_details()[0], running.get_output_details()[0]
    found = []
    for feeds in samples:
        running.set_tensor(source["index"], stored(next(iter(feeds.values())), source))
        running.invoke()
        value = running.get_tensor(result["index"]).astype(np.float64)
        scale, zero_point = result["quantization"]
        found.append((value - zero_point) * scale if scale else value)
    return np.concatenate(found)


def stored(values: np.ndarray, detail: dict[str, Any]) -> np.ndarray:
    scale, zero_point = detail["quantization"]
    if not scale:
        return values
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(detail["dtype"])


def sqnr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - got) ** 2)))


def chosen(file: bytes, samples: list[dict[str, np.ndarray]], method: str = "minmax") -> Ranges:
    return choose_ranges(observe(file, threads=1, stream=samples), method, model=read_tflite(file))


def integer_file(file: bytes, samples: list[dict[str, np.ndarray]], **options: Any) -> bytes:
    options = {"scheme": "int8", "io": "int8", **options}
    return align_buffers(quantize(file, ranges=chosen(file, samples), **options))


def noise(count: int, shape: tuple[int, ...], key: str) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [{key: rng.uniform(-1, 1, (1, *shape)).astype(np.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def mobile(export: Any) -> Callable[[bool], bytes]:
    """MobileNetV2 with random weights, its logits as output."""

    def made(alive: bool) -> bytes:
        import keras

        keras.utils.set_random_seed(0)
        model = keras.applications.MobileNetV2(
            weights=None, alpha=0.35, input_shape=(96, 96, 3), classifier_activation=None
        )
        rng = np.random.default_rng(0)
        for layer in model.layers if alive else ():
            if isinstance(layer, keras.layers.BatchNormalization):
                shape = layer.gamma.shape
                spans = ((0.5, 1.5), (-0.2, 0.2), (-0.1, 0.1), (0.5, 1.5))
                layer.set_weights([rng.uniform(*span, shape) for span in spans])
        file: bytes = export(model)[1]
        return file

    return made


# As initialised, a signal of 1 fades to 1e-9 on its way through the network, where ranges end: the quantizer knows none
# below that. Brought to life, it keeps its size.
@pytest.mark.parametrize(("alive", "least_db"), [(False, 22), (True, 35)])
def test_a_network_with_random_weights_runs_with_either_kernels(
    alive: bool, least_db: float, mobile: Callable[[bool], bytes]
) -> None:
    file = mobile(alive)
    samples = noise(4, (96, 96, 3), "input_layer")
    samples = [{name: one["input_layer"] for name, _ in read_tflite(file).signature.inputs} for one in samples]  # type: ignore[union-attr]
    integer = integer_file(file, samples)
    wanted = outputs(file, samples)
    for plain in (False, True):
        assert sqnr_db(wanted, outputs(integer, samples, plain=plain)) > least_db


def layers(kind: str, activation: str | None = None) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    sizes = {"Dense": (4,), "DepthwiseConv2D": (3,)}.get(kind, (4, 3))
    return getattr(keras.layers, kind)(*sizes, activation=activation, name="layer")


KINDS = ("Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Dense")


def channel_axis(kind: str) -> int:
    return {"Conv2DTranspose": 2, "DepthwiseConv2D": 2}.get(kind, -1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weight", [0.0, 1e-12])
@pytest.mark.parametrize(("scheme", "per_tensor"), [("int8", False), ("int8", True), ("int16x8", False)])
def test_a_channel_without_weights_keeps_its_bias(
    kind: str, weight: float, scheme: str, per_tensor: bool, export: Any
) -> None:
    """As pruning or a BatchNorm with a scale of 0 leaves it. Its steps would be too fine for the bias."""
    import keras

    inputs = keras.Input((6, 6, 3), name="x")
    layer = layers(kind)
    model = keras.Model(inputs, layer(inputs))
    kernel, bias = layer.get_weights()
    np.moveaxis(kernel, channel_axis(kind), 0)[1] = weight
    layer.set_weights([kernel, np.linspace(0.5, 1.5, len(bias), dtype=np.float32)])
    file, samples = export(model)[1], noise(6, (6, 6, 3), "x")

    made = integer_file(file, samples, scheme=scheme, per_tensor_weights=per_tensor)
    wanted, got = outputs(file, samples), outputs(made, samples)
    bias_of_channel = float(np.linspace(0.5, 1.5, len(bias))[1])
    assert wanted[..., 1] == pytest.approx(np.full_like(wanted[..., 1], bias_of_channel), abs=1e-6)
    step = (wanted.max() - min(wanted.min(), 0)) / 255
    assert np.abs(got[..., 1] - bias_of_channel).max() < 2 * step
    assert sqnr_db(wanted, got) > 30


@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling"])
def test_weights_that_reach_far_enough_are_left_alone(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    assert weight_bounds(read_tflite(net.file), chosen(net.file, net.samples)) == {}


def test_a_tensor_that_is_all_but_dead_gives_no_weights_too_fine(network: Callable[[str], Any]) -> None:
    """Where the data of a layer are next to nothing, its weights make way for the bias."""
    net = network("conv")
    model = read_tflite(net.file)
    dead = dict.fromkeys(chosen(net.file, net.samples), (0.0, 0.0))
    unchanged = dict.fromkeys(dead, (-1.0, 1.0))
    assert weight_bounds(model, unchanged) == {}
    for name, bound in weight_bounds(model, dead).items():
        weights = next(one for one in model.main.tensors if one.name == name).values()
        assert bound.ndim == weights.ndim
        assert (
            bound >= np.abs(weights).max(axis=tuple(np.flatnonzero(np.array(bound.shape) == 1)), keepdims=True)
        ).all()


def test_a_sum_that_cancels_gets_steps_that_the_kernels_can_make(export: Any) -> None:
    """With a step of next to nothing the kernel would not raise an error but end the process."""
    import keras

    inputs = keras.Input((6, 6, 3), name="x")
    one, other = layers("Conv2D"), keras.layers.Conv2D(4, 3, name="other")
    model = keras.Model(inputs, keras.layers.Add()([one(inputs), other(inputs)]))
    other.set_weights([-weights for weights in one.get_weights()])
    file, samples = export(model)[1], noise(6, (6, 6, 3), "x")
    made = integer_file(file, samples)
    largest = max(high - low for low, high in chosen(file, samples).values())
    for plain in (False, True):
        assert np.abs(outputs(made, samples, plain=plain)).max() <= largest / 64


def steps(file: bytes) -> dict[str, float]:
    return {
        one.name: one.quantization.scale[0] for one in read_tflite(file).main.tensors if one.quantization is not None
    }


def test_what_follows_a_widened_range_through_a_pool_is_widened_too(export: Any) -> None:
    import keras

    inputs = keras.Input((8, 8, 3), name="x")
    dead = keras.layers.Conv2D(4, 3, activation="relu", bias_initializer=keras.initializers.Constant(-100))
    value = keras.layers.MaxPooling2D(2)(dead(inputs))
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3, use_bias=False)(value))
    file, samples = export(model)[1], noise(6, (8, 8, 3), "x")
    made = integer_file(file, samples)
    for plain in (False, True):
        assert np.abs(outputs(made, samples, plain=plain)).max() < 0.01


def convolution(activation: str, export: Any, scale: float) -> tuple[bytes, list[dict[str, np.ndarray]]]:
    import keras

    inputs = keras.Input((6, 6, 3), name="x")
    layer = layers("Conv2D", activation)
    model = keras.Model(inputs, layer(inputs))
    layer.set_weights([scale * one for one in layer.get_weights()])
    return export(model)[1], noise(6, (6, 6, 3), "x")


def activations(model: TfliteModel) -> list[int]:
    return [int(one.options["fusedActivationFunction"]) for one in model.main.operators if one.name == "CONV_2D"]


@pytest.mark.parametrize(("code", "left"), [(RELU6, RELU), (RELU_N1_TO_1, NONE)])
def test_a_bound_out_of_reach_is_taken_off_and_nothing_else_changes(code: int, left: int, export: Any) -> None:
    file, samples = convolution("relu6", export, scale=1e-8)
    index = next(one.index for one in read_tflite(file).main.operators if one.name == "CONV_2D")
    made = integer_file(with_activations(file, {index: code}), samples)
    assert activations(read_tflite(made)) == [left]
    bounded = with_activations(made, {index: code})
    assert np.array_equal(outputs(made, samples), outputs(bounded, samples))
    with pytest.raises(RuntimeError, match="no_integer_overflow_from_quantization"):
        interpreter(bounded, plain=True)
    assert np.abs(outputs(made, samples, plain=True) - outputs(made, samples)).max() <= steps(made)["result_0"]


@pytest.mark.parametrize("scale", [1.0, 1e-4, 20.0])
def test_a_bound_that_kernels_can_count_stays(scale: float, export: Any) -> None:
    file, samples = convolution("relu6", export, scale=scale)
    made = integer_file(file, samples)
    assert activations(read_tflite(made)) == [RELU6]
    assert drop_idle_clamps(made) is made


@pytest.mark.parametrize("name", ["conv", "upsampling"])
def test_no_output_step_is_finer_than_its_accumulator_by_far(name: str, network: Callable[[str], Any]) -> None:
    net = network(name)
    nothing = dict.fromkeys(chosen(net.file, net.samples), (0.0, 0.0))
    nothing[read_tflite(net.file).inputs[0].name] = (-1.0, 1.0)
    graph = read_tflite(net.file).main
    widened = widen_narrow(read_tflite(net.file), nothing)
    for operator in graph.operators:
        if operator.name != "CONV_2D":
            continue
        data, weights = (graph.tensors[index] for index in operator.inputs[:2])
        low, high = widened[data.name]
        unit = (high - low) / 255 * float(np.abs(weights.values()).max()) / 127
        low, high = widened[graph.tensors[operator.outputs[0]].name]
        assert (high - low) / 255 >= unit * FINEST_STEP * (1 - 1e-9)
    assert LARGEST_BIAS < 2**31


def test_a_layer_of_nothing_but_biases_that_its_relu_closes_runs(export: Any) -> None:
    """As the one channel is that stays of a layer which is dead altogether."""
    import keras
    from keras import layers

    closed = layers.Conv2D(1, 1, activation="relu")
    inputs = keras.Input((8, 8, 2))
    outputs = layers.Add()([layers.Conv2D(2, 1)(closed(inputs)), inputs])
    model = keras.Model(inputs, outputs)
    closed.set_weights([np.zeros((1, 1, 2, 1), np.float32), np.full(1, -5.0, np.float32)])
    opened, file = export(model)
    samples = noise(8, (8, 8, 2), opened.inputs[0].name)
    for scale in (1.0, 1e-5):
        small = [{name: scale * one for name, one in feeds.items()} for feeds in samples]
        for plain in (False, True):
            interpreter(integer_file(file, small), plain=plain).invoke()
