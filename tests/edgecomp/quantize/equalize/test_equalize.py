"""Equalized files compute what they did before, and lose less at int8 where channels differ in scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.quantize.equalize.equalize import EqualizationPlan, equalize, plan_equalization
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import align_buffers, read_tflite

Feeds = dict[str, np.ndarray]
Run = Callable[[bytes, Feeds], Feeds]

CHANNELS = 8


def samples_of(shape: tuple[int, ...], count: int = 24, seed: int = 5) -> list[Feeds]:
    """Noise, faint in some samples and strong in others."""
    rng = np.random.default_rng(seed)
    strengths = np.linspace(0.1, 2, count)[rng.permutation(count)]
    return [{"x": rng.normal(0, one, (1, *shape)).astype(np.float32)} for one in strengths]


def planned(file: bytes, samples: list[Feeds]) -> EqualizationPlan:
    return plan_equalization(read_tflite(file), observe(file, threads=1, stream=samples))


def outputs(run: Run, file: bytes, samples: list[Feeds]) -> np.ndarray:
    """All outputs of all samples, flat."""
    return np.concatenate([value.reshape(-1) for feeds in samples for _, value in sorted(run(file, feeds).items())])


def int8(file: bytes, samples: list[Feeds]) -> bytes:
    ranges = {name: (one.low, one.high) for name, one in observe(file, threads=1, stream=samples).items()}
    return align_buffers(quantize(file, scheme="int8", io="float", ranges=ranges))


def sqnr_db(exact: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(np.square(exact)) / np.sum(np.square(exact - got))))


def gain_db(run: Run, before: bytes, after: bytes, samples: list[Feeds]) -> float:
    """What int8 loses less of `after` than of `before`, in dB, on samples of which half were not calibrated with."""
    half = samples[: len(samples) // 2]
    exact = outputs(run, before, samples)
    return sqnr_db(exact, outputs(run, int8(after, half), samples)) - sqnr_db(
        exact, outputs(run, int8(before, half), samples)
    )


def largest_difference(run: Run, one: bytes, other: bytes, samples: list[Feeds]) -> float:
    """As a share of the largest output."""
    exact, got = outputs(run, one, samples), outputs(run, other, samples)
    return float(np.abs(exact - got).max() / np.abs(exact).max())


def with_biases(model: Any, seed: int = 7) -> Any:
    """Trained networks have biases; new ones are zero."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    return model


def spread(model: Any, producer: str, consumer: str, scales: np.ndarray) -> None:
    """Rescales channels between two layers; across a ReLU the function stays the same."""
    before, after = model.get_layer(producer), model.get_layer(consumer)
    depthwise = "Depthwise" in type(before).__name__
    before.kernel.assign(before.kernel * (scales[:, None] if depthwise else scales))
    before.bias.assign(before.bias * scales)
    repeats = after.kernel.shape[-2] // len(scales)
    after.kernel.assign(after.kernel / np.tile(scales, repeats)[:, None])


def hundredfold(seed: int, channels: int = CHANNELS) -> np.ndarray:
    return np.geomspace(1, 100, channels)[np.random.default_rng(seed).permutation(channels)].astype(np.float32)


def _separable() -> tuple[Any, list[tuple[str, str]]]:
    from keras import Input, Model, layers

    inputs = Input((12, 12, 3), name="x")
    value = layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="stem")(inputs)
    value = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise")(value)
    value = layers.Conv2D(CHANNELS, 1, activation="relu", name="pointwise")(value)
    value = layers.Conv2D(CHANNELS, 3, strides=2, activation="relu", name="last")(value)
    value = layers.GlobalAveragePooling2D()(value)
    chain = ["stem", "depthwise", "pointwise", "last", "scores"]
    return Model(inputs, layers.Dense(5, name="scores")(value)), list(pairwise(chain))


def _flattened() -> tuple[Any, list[tuple[str, str]]]:
    from keras import Input, Model, layers

    inputs = Input((8, 8, 3), name="x")
    value = layers.Conv2D(CHANNELS, 3, activation="relu", name="first")(inputs)
    value = layers.Flatten()(layers.MaxPooling2D(2)(value))
    value = layers.Dense(2 * CHANNELS, activation="relu", name="hidden")(value)
    return Model(inputs, layers.Dense(5, name="scores")(value)), [("first", "hidden"), ("hidden", "scores")]


def _branching() -> tuple[Any, list[tuple[str, str]]]:
    from keras import Input, Model, layers

    inputs = Input((8, 8, 3), name="x")
    value = layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="first")(inputs)
    one = layers.Conv2D(CHANNELS, 1, name="left")(value)
    other = layers.DepthwiseConv2D(3, padding="same", name="right")(value)
    return Model(inputs, [one, other]), []


def _residual() -> tuple[Any, list[tuple[str, str]]]:
    from keras import Input, Model, layers

    inputs = Input((8, 8, 3), name="x")
    value = layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="first")(inputs)
    other = layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="inside")(value)
    value = layers.Add()([value, layers.Conv2D(CHANNELS, 1, name="back")(other)])
    return Model(inputs, layers.Conv2D(4, 1, name="scores")(layers.ReLU()(value))), []


def _gated() -> tuple[Any, list[tuple[str, str]]]:
    """A squeeze-and-excite block."""
    from keras import Input, Model, layers

    inputs = Input((8, 8, 3), name="x")
    value = layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="first")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(value)
    gate = layers.Conv2D(CHANNELS, 1, activation="sigmoid", name="gate")(gate)
    return Model(inputs, layers.Conv2D(4, 1, name="scores")(layers.Multiply()([value, gate]))), []


_NETWORKS = {
    "separable": _separable,
    "flattened": _flattened,
    "branching": _branching,
    "residual": _residual,
    "gated": _gated,
}


def _rescale(name: str, model: Any, pairs: list[tuple[str, str]]) -> None:
    """A hundredfold spread wherever the function does not see it."""
    for seed, (producer, consumer) in enumerate(pairs):
        spread(model, producer, consumer, hundredfold(seed, model.get_layer(producer).output.shape[-1]))
    scales = hundredfold(9)
    if name == "residual":
        for layer in ("first", "back"):
            kernel, bias = model.get_layer(layer).weights
            kernel.assign(kernel * scales)
            bias.assign(bias * scales)
        for layer in ("inside", "scores"):
            kernel = model.get_layer(layer).kernel
            kernel.assign(kernel / scales[:, None])
    if name in ("branching", "gated"):
        spread(model, "first", {"branching": "left", "gated": "gate"}[name], scales)
        kernel = model.get_layer({"branching": "right", "gated": "scores"}[name]).kernel
        kernel.assign(kernel / scales[:, None])


@pytest.fixture(scope="module")
def made(export: Any) -> Callable[[str, bool], tuple[bytes, list[Feeds]]]:
    """A network's float file with samples, as initialised or with a hundredfold spread of its channels."""
    files: dict[tuple[str, bool], tuple[bytes, list[Feeds]]] = {}

    def get(name: str, rescaled: bool) -> tuple[bytes, list[Feeds]]:
        if (name, rescaled) not in files:
            import keras

            keras.utils.set_random_seed(4)
            model, pairs = _NETWORKS[name]()
            with_biases(model)
            if rescaled:
                _rescale(name, model, pairs)
            files[name, rescaled] = export(model)[1], samples_of(model.inputs[0].shape[1:])
        return files[name, rescaled]

    return get


@pytest.mark.parametrize("name", sorted(_NETWORKS.keys() - {"flattened"}))  # single units do differ
def test_a_network_whose_channels_are_alike_is_left_alone(name: str, made: Any) -> None:
    file, samples = made(name, False)
    plan = planned(file, samples)
    assert not plan, str(plan)
    assert equalize(file, plan) == file


@pytest.mark.parametrize("name", _NETWORKS)
def test_a_hundredfold_spread_is_undone(name: str, made: Any, run: Run) -> None:
    file, samples = made(name, True)
    plan = planned(file, samples)
    after = equalize(file, plan)
    assert all(one.exactness == "exact" or any(one.shifts) for one in plan.rescalings)
    assert max(one.largest_factor for one in plan.rescalings) > 10
    assert largest_difference(run, file, after, samples) < 1e-5
    assert gain_db(run, file, after, samples) > 10
    plain, _ = made(name, False)
    assert sqnr_db(*(outputs(run, one, samples) for one in (after, int8(after, samples)))) > (
        sqnr_db(*(outputs(run, one, samples) for one in (plain, int8(plain, samples)))) - 3
    )


@pytest.mark.parametrize("name", _NETWORKS)
def test_equalizing_twice_is_equalizing_once(name: str, made: Any) -> None:
    file, samples = made(name, True)
    once = equalize(file, planned(file, samples))
    assert not planned(once, samples)


def test_the_same_file_and_samples_give_the_same_plan_and_bytes(made: Any) -> None:
    file, samples = made("separable", True)
    one, other = planned(file, samples), planned(file, samples)
    assert one == other
    assert equalize(file, one) == equalize(file, other)


def test_a_plan_prints_what_it_changes(made: Any) -> None:
    file, samples = made("separable", True)
    plan = planned(file, samples)
    assert len(str(plan).splitlines()) == len(plan.rescalings) + len(plan.outliers)
    assert all(any(name in str(plan) for name in one.tensors) for one in plan.rescalings)


def test_a_plan_for_another_file_is_refused(made: Any) -> None:
    file, samples = made("separable", True)
    plan = planned(file, samples)
    elsewhere = replace(plan.rescalings[0], producers=(999,))
    with pytest.raises(InputError, match="999"):
        equalize(file, EqualizationPlan((elsewhere,)))
