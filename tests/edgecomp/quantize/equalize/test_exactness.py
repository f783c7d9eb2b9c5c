"""Whatever is rescaled, shifted or centred, the network computes what it did before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgecomp.quantize.equalize.equalize import EqualizationPlan, equalize, plan_equalization
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import align_buffers, read_tflite, with_constants

Feeds = dict[str, np.ndarray]
Run = Callable[[bytes, Feeds], Feeds]


def noise(shape: tuple[int, ...], count: int = 16, seed: int = 5, offset: float = 0.0) -> list[Feeds]:
    rng = np.random.default_rng(seed)
    return [{"x": rng.normal(offset, 1, (1, *shape)).astype(np.float32)} for _ in range(count)]


def planned(file: bytes, samples: list[Feeds]) -> EqualizationPlan:
    return plan_equalization(read_tflite(file), observe(file, threads=1, stream=samples))


def outputs(run: Run, file: bytes, samples: list[Feeds]) -> np.ndarray:
    return np.concatenate([value.reshape(-1) for feeds in samples for _, value in sorted(run(file, feeds).items())])


def largest_difference(run: Run, one: bytes, other: bytes, samples: list[Feeds]) -> float:
    """As a share of the largest output."""
    exact, got = outputs(run, one, samples), outputs(run, other, samples)
    return float(np.abs(exact - got).max() / np.abs(exact).max())


def int8_sqnr_db(run: Run, file: bytes, samples: list[Feeds]) -> float:
    ranges = {name: (one.low, one.high) for name, one in observe(file, threads=1, stream=samples).items()}
    small = align_buffers(quantize(file, scheme="int8", io="float", ranges=ranges))
    exact, got = outputs(run, file, samples), outputs(run, small, samples)
    return float(10 * np.log10(np.sum(exact**2) / np.sum((exact - got) ** 2)))


def uneven(model: Any, seed: int, decades: float = 2.0, biased: bool = True) -> Any:
    """Gives each channel between two layers a scale and a bias of its own; the next layer undoes the scale."""
    rng = np.random.default_rng(seed)
    scales = np.ones(1)
    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    for layer in layers:
        kernel, transposed = layer.kernel.numpy(), "Transpose" in type(layer).__name__
        undone = np.tile(scales, kernel.shape[-1 if transposed else -2] // len(scales))
        kernel /= undone if transposed else undone[:, None]
        if layer is not layers[-1]:
            across = (-2, -1) if "Depthwise" in type(layer).__name__ else (-2,) if transposed else (-1,)
            scales = 10 ** rng.uniform(-decades / 2, decades / 2, [kernel.shape[axis] for axis in across])
            kernel *= scales[:, None] if transposed else scales
            scales = scales.reshape(-1)
            if layer.use_bias and biased:
                layer.bias.assign(rng.normal(0.1, 0.2, len(scales)) * scales)
        layer.kernel.assign(kernel)
    return model


def layered(steps: list[str], activation: str, biases: bool, size: int = 8) -> Any:
    """A chain of the named steps, then a dense layer."""
    from keras import Input, Model, layers

    inputs = value = Input((size, size, 3), name="x")
    for step in steps:
        if step == "valid" and value.shape[1] == 1:
            continue  # nothing would be left
        act = None if activation == "linear" else activation
        if step == "conv":
            value = layers.Conv2D(6, 3, padding="same", activation=act, use_bias=biases)(value)
        elif step == "valid":
            value = layers.Conv2D(5, 2, activation=act, use_bias=biases)(value)
        elif step == "strided":
            value = layers.Conv2D(6, 3, strides=2, padding="same", activation=act, use_bias=biases)(value)
        elif step == "depthwise":
            value = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation=act, use_bias=biases)(
                value
            )
        elif step == "transposed":
            value = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation=act, use_bias=biases)(value)
        elif step == "pad":
            value = layers.ZeroPadding2D(1)(value)
        elif step == "max":
            value = layers.MaxPooling2D(2, padding="same")(value)
        elif step == "average":
            value = layers.AveragePooling2D(2, padding="same")(value)
        elif step == "relu":
            value = layers.ReLU()(value)
        elif step == "leaky":
            value = layers.LeakyReLU(negative_slope=0.2)(value)
        elif step == "upsample":
            value = layers.UpSampling2D(2, interpolation="bilinear")(value)
        elif step == "mean":
            value = layers.GlobalAveragePooling2D(keepdims=True)(value)
    value = layers.Dense(7, activation="relu", use_bias=biases)(layers.Flatten()(value))
    return Model(inputs, layers.Dense(3, use_bias=biases)(value))


STEPS = ("conv", "valid", "strided", "depthwise", "transposed", "pad", "max", "average", "relu", "leaky", "upsample")


@settings(max_examples=15)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=6).map(lambda steps: ["conv", *steps]),
    mean=st.booleans(),
    activation=st.sampled_from(["relu", "relu6", "linear"]),
    biases=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_chain_of_any_layers_computes_the_same(
    steps: list[str], mean: bool, activation: str, biases: bool, seed: int, export: Any, run: Run
) -> None:
    import keras

    assume(steps.count("transposed") + steps.count("upsample") <= 2)
    keras.utils.set_random_seed(seed)
    file = export(uneven(layered([*steps, *(["mean"] if mean else [])], activation, biases), seed))[1]
    samples = noise((8, 8, 3), seed=seed)
    plan = planned(file, samples)
    assert largest_difference(run, file, equalize(file, plan), samples) < 1e-4  # deep sums that cancel
    assert largest_difference(run, file, equalize(file, by_powers_of_two(plan)), samples) == 0


def by_powers_of_two(plan: EqualizationPlan) -> EqualizationPlan:
    """The plan's rescalings without shifts, by factors that float32 multiplies with exactly."""
    kept = (one for one in plan.rescalings if not any(one.shifts))
    return EqualizationPlan(tuple(replace(one, factors=tuple(2.0 ** np.floor(np.log2(one.factors)))) for one in kept))


@pytest.fixture(scope="module")
def clamped(export: Any) -> tuple[bytes, list[Feeds]]:
    """A chain with ReLU6 in which some channels reach the clamp and some stay far below."""
    import keras

    keras.utils.set_random_seed(2)
    model = uneven(layered(["conv", "depthwise", "valid"], "relu6", True), 1)
    return export(model)[1], noise((8, 8, 3))


def test_channels_that_reach_the_clamp_of_a_relu6_keep_their_scale(clamped: Any) -> None:
    file, samples = clamped
    observations = observe(file, threads=1, stream=samples)
    plan = planned(file, samples)
    reached = 0
    for one in (one for one in plan.rescalings if "Relu6" in one.tensors[0]):
        highs = [observations[name].channel_high.reshape(-1, len(one.factors)) for name in one.tensors]
        high = np.concatenate(highs).max(axis=0)
        reaching = high > 5.999
        reached += int(reaching.sum())
        np.testing.assert_array_equal(np.array(one.factors)[reaching], 1.0)
        assert (np.array(one.factors)[~reaching] * high[~reaching]).max() < 6
        assert max(one.factors) > 2
        assert one.exactness == "exact on observed ranges"
    assert reached > 0


def test_a_relu6_computes_the_same_on_what_was_observed(clamped: Any, run: Run) -> None:
    file, samples = clamped
    after = equalize(file, planned(file, samples))
    assert largest_difference(run, file, after, samples) < 1e-5
    assert int8_sqnr_db(run, after, samples) > int8_sqnr_db(run, file, samples) + 3


def biased(kind: str, export: Any) -> bytes:
    """Two layers with channels far above zero between them, of different heights."""
    import keras
    from keras import Input, Model, layers

    keras.utils.set_random_seed(6)
    inputs = Input((8, 8, 3), name="x")
    first = layers.Conv2D(6, 3, activation=None if kind == "linear" else "relu")
    padding = "same" if kind == "padded" else "valid"
    second = layers.Conv2D(4, 3 if kind == "padded" else 1, padding=padding)
    model = Model(inputs, second(first(inputs)))
    first.bias.assign(np.linspace(20, 90, 6))
    second.bias.assign(-np.linspace(20, 90, 6) @ second.kernel.numpy().sum(axis=(0, 1)))
    return export(model)[1]  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["relu", "linear"])
def test_high_biases_move_on_to_the_next_layer(kind: str, export: Any, run: Run) -> None:
    file, samples = biased(kind, export), noise((8, 8, 3))
    plan = planned(file, samples)
    (one,) = plan.rescalings
    assert min(one.shifts) > 10
    assert one.exactness == ("exact" if kind == "linear" else "exact on observed ranges")
    after = equalize(file, plan)
    assert largest_difference(run, file, after, samples) < 1e-4  # the outputs are small differences of large numbers
    observed = observe(after, threads=1, stream=samples)[one.tensors[0]]
    assert observed.high - min(observed.low, 0) < 20
    assert int8_sqnr_db(run, after, samples) > int8_sqnr_db(run, file, samples) + 10


def test_high_biases_stay_in_front_of_a_padded_layer(export: Any, run: Run) -> None:
    file, samples = biased("padded", export), noise((8, 8, 3))
    plan = planned(file, samples)
    assert not any(any(one.shifts) for one in plan.rescalings)
    assert largest_difference(run, file, equalize(file, plan), samples) < 1e-5


def classifier(export: Any, *, activation: str | None, logits_too: bool = False) -> bytes:
    import keras
    from keras import Input, Model, layers

    keras.utils.set_random_seed(6)
    inputs = Input((12,), name="x")
    dense = layers.Dense(10)
    logits = dense(layers.Dense(16, activation="relu")(inputs))
    dense.kernel.assign(dense.kernel + np.random.default_rng(0).normal(0, 3, (16, 1)))
    dense.bias.assign(np.linspace(50, 51, 10))
    answers = layers.Activation(activation)(logits)
    return export(Model(inputs, [logits, answers] if logits_too else answers))[1]  # type: ignore[no-any-return]


def test_what_logits_have_in_common_is_taken_from_in_front_of_a_softmax(export: Any, run: Run) -> None:
    file, samples = classifier(export, activation="softmax"), noise((12,))
    plan = planned(file, samples)
    (one,) = plan.centrings
    after = equalize(file, plan)
    assert largest_difference(run, file, after, samples) < 1e-5
    before, then = (observe(each, threads=1, stream=samples)[one.tensor] for each in (file, after))
    assert (before.high - before.low) > 4 * (then.high - then.low)
    assert int8_sqnr_db(run, after, samples) > int8_sqnr_db(run, file, samples) + 10


@pytest.mark.parametrize(("activation", "logits_too"), [("sigmoid", False), ("softmax", True)])
def test_logits_that_something_else_sees_stay(activation: str, logits_too: bool, export: Any) -> None:
    file = classifier(export, activation=activation, logits_too=logits_too)
    assert not planned(file, noise((12,))).centrings


def test_weights_that_two_layers_share_stay(export: Any, run: Run) -> None:
    import keras
    from keras import Input, Model, layers

    keras.utils.set_random_seed(6)
    inputs = Input((8, 8, 6), name="x")
    shared = layers.Conv2D(6, 3, padding="same", activation="relu", use_bias=False)
    model = uneven(Model(inputs, layers.Conv2D(4, 1)(shared(shared(inputs)))), 3)
    file, samples = export(model)[1], noise((8, 8, 6))
    plan = planned(file, samples)
    assert not plan
    # The converter may have stored the weights twice; the rule is about one tensor with two uses.
    weights = [operator.inputs[1] for operator in read_tflite(file).main.operators]
    assert len(weights) == 3
    assert len(set(weights)) == 2


def test_equal_biases_that_the_converter_stored_once_do_not_stand_in_the_way(export: Any, run: Run) -> None:
    import keras

    keras.utils.set_random_seed(6)
    model = uneven(layered(["conv", "conv", "strided"], "relu", True), 3, biased=False)
    file, samples = export(model)[1], noise((8, 8, 3))
    biases = [operator.inputs[2] for operator in read_tflite(file).main.operators if operator.name == "CONV_2D"]
    assert len(biases) > len(set(biases))
    plan = planned(file, samples)
    assert plan.rescalings
    assert largest_difference(run, file, equalize(file, plan), samples) < 1e-5


@pytest.mark.parametrize("activation", ["swish", "tanh", "hard_swish", "elu"])
def test_no_scale_passes_an_activation_that_bends(activation: str, export: Any) -> None:
    import keras

    keras.utils.set_random_seed(6)
    file = export(uneven(layered(["conv", "depthwise"], activation, True), 3))[1]
    bent = {name for name in observe(file, threads=1, stream=noise((8, 8, 3))) if "conv2d" in name}
    rescaled = {name for one in planned(file, noise((8, 8, 3))).rescalings for name in one.tensors}
    assert bent
    assert not {name for name in rescaled if "conv2d" in name}


def test_a_channel_that_cannot_be_moved_is_reported(export: Any) -> None:
    import keras
    from keras import Input, Model, layers

    keras.utils.set_random_seed(6)
    inputs = Input((8, 8, 3), name="x")
    loud = layers.Conv2D(6, 3, padding="same", name="loud")
    value = layers.Activation("tanh")(loud(inputs))
    model = Model(inputs, layers.Conv2D(4, 1)(value))
    loud.kernel.assign(loud.kernel * np.array([1, 1, 1, 200, 1, 1]))
    plan = planned(export(model)[1], noise((8, 8, 3)))
    (one,) = plan.outliers
    assert "loud" in one.tensor
    assert one.channel == 3
    assert 100 < one.ratio < 400


def test_channels_that_never_fire_do_not_make_trouble(export: Any, run: Run) -> None:
    import keras

    keras.utils.set_random_seed(6)
    file = export(uneven(layered(["conv", "conv", "strided"], "relu", True), 3))[1]
    graph = read_tflite(file).main
    biases = [graph.tensors[operator.inputs[2]] for operator in graph.operators if operator.name == "CONV_2D"]
    dead = {one.index: np.where(np.arange(6) % 2, one.values(), -1e4).astype(np.float32) for one in biases[:2]}
    file, samples = with_constants(file, dead), noise((8, 8, 3))
    plan = planned(file, samples)
    assert plan.rescalings
    assert all(np.isfinite(one.factors).all() and min(one.factors) > 0 for one in plan.rescalings)
    assert largest_difference(run, file, equalize(file, plan), samples) < 1e-5
