"""Scores find the channels that tests make matter little, and mean what they say."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from pruning_oracle import outputs_of, outputs_with_readers_zeroed, precision, randomize, samples_for

from edgecomp.errors import InputError
from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.channel_graph import ChannelGraph
from edgecomp.pruning.flatten import flatten
from edgecomp.pruning.importance import METHODS, NEED_DATA, score

WEAK = (1, 4)


@pytest.fixture(scope="module", autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def network(end: str | None = "softmax") -> Any:
    inputs = keras.Input((8, 8, 3), name="photo")
    value = layers.Conv2D(8, 3, use_bias=False, name="first")(inputs)
    value = layers.BatchNormalization(name="norm")(value)
    value = layers.ReLU(name="relu")(value)
    value = layers.Conv2D(6, 3, activation="relu", name="second")(value)
    value = layers.GlobalAveragePooling2D()(value)
    model = keras.Model(inputs, layers.Dense(4, activation=end, name="head")(value))
    randomize(model)
    return model


def photos(count: int = 12, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8, 8, 3)).astype(np.float32)


def group_of(graph: ChannelGraph, layer: str) -> list[int]:
    return list(next(group.channels for group in graph.groups if layer in group.producers))


def options(method: str) -> dict[str, Any]:
    return {"data": photos()} if method in NEED_DATA else {}


def weaken(model: Any) -> None:
    """Makes the channels `WEAK` of the first convolution matter little."""
    norm = model.get_layer("norm")
    gamma, beta = np.array(norm.gamma), np.array(norm.beta)
    gamma[list(WEAK)] *= 0.01
    beta[list(WEAK)] *= 0.01
    norm.gamma.assign(gamma)
    norm.beta.assign(beta)


@pytest.mark.parametrize("method", [one for one in METHODS if one != "random"])
def test_channels_that_matter_little_score_least(method: str) -> None:
    model = network()
    weaken(model)
    graph = analyze(model)
    scores = score(model, graph, method, **options(method))
    first = group_of(graph, "first")
    assert set(np.argsort(scores[first])[:2].tolist()) == set(WEAK)
    assert scores.shape == (14,)
    assert scores.dtype == np.float64
    assert (scores >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_of_every_group_is_one_and_scores_repeat(method: str) -> None:
    model = network()
    graph = analyze(model)
    before = [np.array(one) for one in model.weights]
    scores = score(model, graph, method, **options(method), seed=5)
    for group in graph.groups:
        assert scores[list(group.channels)].mean() == pytest.approx(1)
    np.testing.assert_array_equal(scores, score(model, graph, method, **options(method), seed=5))
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, np.array(new))


def test_norms_count_the_folded_batch_norm() -> None:
    model = network()
    graph = analyze(model)
    first, norm = model.get_layer("first"), model.get_layer("norm")
    gains = np.array(norm.gamma) / np.sqrt(np.array(norm.moving_variance) + norm.epsilon)
    kernel = np.array(first.kernel) * gains
    channels = group_of(graph, "first")
    expected = {"l1": np.abs(kernel).sum(axis=(0, 1, 2)), "l2": np.sqrt((kernel**2).sum(axis=(0, 1, 2)))}
    for method, values in expected.items():
        np.testing.assert_allclose(score(model, graph, method, normalize=False)[channels], values, rtol=1e-5)
    np.testing.assert_allclose(
        score(model, graph, "bn_gamma", normalize=False)[channels], np.abs(np.array(norm.gamma)), rtol=1e-6
    )


def test_depthwise_filters_count_with_their_own_batch_norm() -> None:
    inputs = keras.Input((6, 6, 3))
    value = layers.Conv2D(4, 1, name="widen")(inputs)
    value = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(value)
    value = layers.BatchNormalization(name="norm")(value)
    model = keras.Model(inputs, layers.Conv2D(2, 1)(value))
    randomize(model)
    graph = analyze(model)
    norm = model.get_layer("norm")
    gains = np.array(norm.gamma) / np.sqrt(np.array(norm.moving_variance) + norm.epsilon)
    depthwise = np.array(model.get_layer("depthwise").kernel) * gains.reshape(4, 2)
    energy = (np.array(model.get_layer("widen").kernel) ** 2).sum(axis=(0, 1, 2)) + (depthwise**2).sum(axis=(0, 1, 3))
    found = score(model, graph, "l2", normalize=False)
    np.testing.assert_allclose(found[group_of(graph, "widen")], np.sqrt(energy), rtol=1e-5)


def test_channels_that_pass_no_batch_norm_are_ranked_by_norm() -> None:
    model = network()
    graph = analyze(model)
    second = group_of(graph, "second")
    np.testing.assert_allclose(score(model, graph, "bn_gamma")[second], score(model, graph, "l2")[second])


def test_taylor_without_labels_is_the_distance_to_the_outputs_where_they_are_linear() -> None:
    """The second layer's channels reach the outputs by one product: the first order is the whole change."""
    with precision("float64"):
        model = network(end=None)
    graph = analyze(model)
    data = np.random.default_rng(0).normal(size=(1, 8, 8, 3))
    samples = [np.repeat(data, 128, axis=0)]
    found = score(model, graph, "taylor", data=samples[0], normalize=False)
    before = outputs_of(model, samples)[0]
    scale = (before**2).mean()
    for channel in group_of(graph, "second"):
        change = outputs_with_readers_zeroed(model, graph, [channel], samples)[0] - before
        distance = (change[0] ** 2).sum() / scale
        assert found[channel] == pytest.approx(distance, rel=0.5)  # a mean of 128 random projections


def test_taylor_with_labels_is_the_change_of_the_loss() -> None:
    with precision("float64"):
        model = network()
    graph = analyze(model)
    kernel = model.get_layer("head").kernel
    kernel.assign(np.array(kernel) * 1e-3)  # so small that the loss is as good as linear in it
    data = photos().astype(np.float64)
    classes = np.arange(12) % 4
    found = score(model, graph, "taylor", data=data, labels=classes, normalize=False)

    def losses(outputs: np.ndarray) -> np.ndarray:
        return -np.log(outputs[np.arange(12), classes])

    before = losses(outputs_of(model, [data])[0])
    for channel in group_of(graph, "second"):
        after = losses(outputs_with_readers_zeroed(model, graph, [channel], [data])[0])
        assert found[channel] == pytest.approx(((after - before) ** 2).mean(), rel=0.02)
    hot = score(model, graph, "taylor", data=data, labels=np.eye(4)[classes], normalize=False)
    np.testing.assert_allclose(found, hot)


def test_hessian_is_the_trace_times_the_energy() -> None:
    """One dense layer and a squared error: the Gauss-Newton trace is known."""
    inputs = keras.Input((5,))
    hidden = layers.Dense(3, use_bias=False, name="hidden")(inputs)
    model = keras.Model(inputs, layers.Dense(2, use_bias=False, name="head")(hidden))
    randomize(model)
    graph = analyze(model)
    rows = np.random.default_rng(0).normal(size=(128, 5)).astype(np.float32)
    found = score(model, graph, "hessian", data=rows)
    kernel, head = np.array(model.get_layer("hidden").kernel), np.array(model.get_layer("head").kernel)
    expected = (head**2).sum(axis=1) * (kernel**2).sum(axis=0)
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=0.3)


def test_variance_is_that_of_the_values_read() -> None:
    model = network()
    graph = analyze(model)
    data = photos(20)
    values = np.array(keras.Model(model.inputs, model.get_layer("relu").output)(data))
    found = score(model, graph, "variance", data=data, normalize=False)
    np.testing.assert_allclose(found[group_of(graph, "first")], values.var(axis=(0, 1, 2)), rtol=1e-4)


def test_random_needs_no_data_and_follows_the_seed() -> None:
    model = network()
    graph = analyze(model)
    assert (score(model, graph, "random", seed=1) != score(model, graph, "random", seed=2)).any()


@pytest.mark.parametrize("method", METHODS)
def test_recurrent_networks_and_several_inputs_and_outputs(method: str) -> None:
    words, row = keras.Input((5,), dtype="int32", name="words"), keras.Input((3,), name="row")
    value = layers.Embedding(8, 6)(words)
    value = layers.Bidirectional(layers.LSTM(4))(value)
    value = layers.Concatenate()([value, layers.Dense(4, activation="tanh")(row)])
    model = keras.Model(
        {"words": words, "row": row},
        [layers.Dense(3, activation="softmax", name="kind")(value), layers.Dense(1, name="size")(value)],
    )
    randomize(model)
    model = flatten(model)
    graph = analyze(model)
    data = {one.name: value for one, value in zip(model.inputs, samples_for(model, count=6), strict=True)}
    given = {"data": data} if method in NEED_DATA else {}
    labels = {"labels": [np.arange(6) % 3, np.linspace(0, 1, 6)]} if method == "taylor" else {}
    scores = score(model, graph, method, **given, **labels)
    assert np.isfinite(scores).all()
    assert (scores > 0).all()


def test_what_cannot_be_scored_is_refused() -> None:
    model = network()
    graph = analyze(model)
    with pytest.raises(InputError, match="no importance called magnitude: choose among l1"):
        score(model, graph, "magnitude")
    with pytest.raises(InputError, match="give data"):
        score(model, graph, "taylor")
    with pytest.raises(InputError, match=r"shape \(4, 9, 8, 3\), where the model takes \(None, 8, 8, 3\)"):
        score(model, graph, "variance", data=np.zeros((4, 9, 8, 3)))
    with pytest.raises(InputError, match="class numbers go from 0 to 3"):
        score(model, graph, "taylor", data=photos(), labels=np.arange(12))
    with pytest.raises(InputError, match="each of the 12 samples"):
        score(model, graph, "hessian", data=photos(), labels=np.arange(4))
    model.get_layer("first").kernel.assign(np.full((3, 3, 3, 8), np.nan))
    with pytest.raises(InputError, match="not finite"):
        score(model, graph, "l2")
