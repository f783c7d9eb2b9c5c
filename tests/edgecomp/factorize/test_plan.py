"""Whole networks: budgets kept, answers kept, and what cannot be written otherwise is left alone with a reason."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from low_rank_networks import PHOTOS, difference, network, outputs_of

import edgecomp
from edgecomp.errors import InputError
from edgecomp.factorize.finding import network_macs
from edgecomp.factorize.plan import LowRankPlan, apply_low_rank, plan_low_rank


@pytest.mark.parametrize("asked", [{"macs": 0.4}, {"params": 0.5}, {"energy": 0.95}, {"bayes": True}])
@pytest.mark.parametrize("data", [PHOTOS, None])
def test_the_new_model_costs_what_the_plan_says(asked: dict[str, Any], data: np.ndarray | None) -> None:
    model = network()
    before = [np.array(one) for one in model.get_weights()]
    plan = plan_low_rank(model, **asked, data=data)
    made = apply_low_rank(model, plan, data=data)
    assert (network_macs(model), network_macs(made)) == plan.macs
    assert (model.count_params(), made.count_params()) == plan.params
    for name, share in asked.items():
        if name in ("macs", "params"):
            first, last = getattr(plan, name)
            assert last <= (1 - share) * first
    assert all(rank % 8 == 0 for one in plan.layers for rank in one.option.ranks)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert made.output_names == model.output_names
    assert {layer.name for layer in model.layers} <= {layer.name for layer in made.layers}


def test_weights_of_low_rank_lose_next_to_nothing() -> None:
    model = network(rank=4)
    plan = plan_low_rank(model, macs=0.5, data=PHOTOS)
    made = apply_low_rank(model, plan, data=PHOTOS)
    assert difference(model, made, np.random.default_rng(5).normal(size=PHOTOS.shape).astype(np.float32)) < 0.02


def test_samples_make_it_better_than_weights_alone() -> None:
    model = network(rank=None, seed=3)
    random = np.random.default_rng(0)
    mixing = random.normal(size=(3, 3)).astype(np.float32)
    photos = np.repeat(np.repeat(random.normal(size=(96, 4, 4, 3)), 3, axis=1), 3, axis=2).astype(np.float32) @ mixing
    fit, judge = photos[:64], photos[64:]
    errors = []
    for data in (fit, None):
        plan = plan_low_rank(model, macs=0.4, data=data)
        (made,), (wanted,) = outputs_of(apply_low_rank(model, plan, data=data), judge), outputs_of(model, judge)
        errors.append(float(((made - wanted) ** 2).sum() / ((wanted - wanted.mean(axis=0)) ** 2).sum()))
    assert errors[0] < 0.5 * errors[1]


def test_the_mean_of_the_answers_stays() -> None:
    inputs = keras.Input((40,))
    model = keras.Model(inputs, layers.Dense(40, name="layer")(inputs))
    rows = np.random.default_rng(0).normal(3, 1, (100, 40)).astype(np.float32)
    made = edgecomp.lower_rank(model, macs=0.5, data=rows)
    (wanted,), (found,) = outputs_of(model, rows), outputs_of(made, rows)
    np.testing.assert_allclose(found.mean(axis=0), wanted.mean(axis=0), atol=1e-4)
    assert difference(model, made, rows) > 0.05


def test_a_layer_that_is_called_twice_is_written_once_and_called_twice() -> None:
    inputs, other = keras.Input((8, 8, 32), name="one"), keras.Input((4, 4, 32), name="two")
    shared = layers.Conv2D(64, 3, padding="same", activation="relu", name="shared")
    pooled = [layers.GlobalAveragePooling2D()(shared(one)) for one in (inputs, other)]
    model = keras.Model([inputs, other], layers.Concatenate()(pooled))
    random = np.random.default_rng(0)
    given = [random.normal(size=(8, size, size, 32)).astype(np.float32) for size in (8, 4)]
    plan = plan_low_rank(model, macs=0.3, data=given)
    made = apply_low_rank(model, plan, data=given)
    assert [one.layer.name for one in plan.layers] == ["shared"]
    assert network_macs(made) == plan.macs[1]
    assert len(made.get_layer("shared")._inbound_nodes) == 2
    assert difference(model, made, *given) < 0.9


def test_nested_networks_are_opened_and_their_layers_written() -> None:
    inner = keras.Sequential([keras.Input((64,)), layers.Dense(64, activation="relu", name="deep")], name="inner")
    inputs = keras.Input((64,))
    model = keras.Model(inputs, layers.Dense(3, name="scores")(inner(inputs)))
    plan = plan_low_rank(model, params=0.3)
    assert [one.layer.name for one in plan.layers] == ["deep"]
    assert apply_low_rank(model, plan).count_params() == plan.params[1]


class Own(layers.Dense):
    """A layer that Keras does not know."""


def test_what_cannot_be_written_is_left_alone_with_a_reason() -> None:
    inputs = keras.Input((12, 12, 32))
    value = layers.Conv2D(64, 3, padding="same", name="plain")(inputs)
    value = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(value)
    value = layers.Conv2D(64, 3, padding="same", kernel_constraint="non_neg", name="constrained")(value)
    value = layers.Conv2DTranspose(64, 2, name="transposed")(value)
    value = Own(64, name="own")(value)
    value = layers.LSTM(16, name="recurrent")(layers.Reshape((-1, 64))(value))
    model = keras.Model(inputs, layers.Dense(4, name="small")(value))
    plan = plan_low_rank(model, energy=0.3, ignore=("nothing*",))
    assert {one.layer.name for one in plan.layers} == {"plain"}
    assert set(plan.left_alone) == {"depthwise", "constrained", "transposed", "own", "recurrent", "small"}
    assert "constrained" in plan.left_alone["constrained"]
    assert "faster" in plan.left_alone["small"]
    made = apply_low_rank(model, plan)
    assert type(made.get_layer("own")) is Own
    with pytest.raises(InputError, match="no layer of this model becomes faster"):
        plan_low_rank(model, energy=0.3, ignore=("pl*",))


def test_layers_keep_their_settings() -> None:
    inputs = keras.Input((16, 16, 32))
    layer = layers.Conv2D(64, 3, 2, "same", activation="relu", kernel_regularizer="l2", name="layer", trainable=False)
    made = edgecomp.lower_rank(keras.Model(inputs, layer(inputs)), macs=0.3)
    last, others = made.get_layer("layer"), [one for one in made.layers if one.name.startswith("layer_")]
    assert others
    assert all(one.activation is keras.activations.linear and not one.use_bias for one in others)
    assert last.activation is keras.activations.relu
    assert not last.trainable
    assert not any(one.trainable for one in others)
    assert last.kernel_regularizer is not None


def test_a_plan_reads_as_a_table() -> None:
    plan = plan_low_rank(network(), params=0.4, data=PHOTOS)
    told = str(plan).splitlines()
    assert len(plan.rows()) == len(plan.layers) + 2
    assert told[0].split()[:3] == ["layer", "is", "becomes"]
    assert any("stays: no form of low rank would be faster" in line for line in told)
    assert "of the parameters" in told[-1]
    assert plan == plan_low_rank(network(), params=0.4, data=PHOTOS)


def test_a_layer_that_would_become_slower_is_left_alone() -> None:
    with pytest.raises(InputError, match=r"at most 0\.0%"):
        plan_low_rank(network(), macs=0.1, latency_model=lambda product: 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "in one way"),
        ({"macs": 0.3, "params": 0.3}, "in one way"),
        ({"energy": 1.0}, "between 0 and 1"),
        ({"macs": 0.0}, "between 0 and 1"),
        ({"macs": 0.99}, "at most"),
        ({"macs": 0.3, "multiple": 0}, "positive"),
        ({"macs": 0.3, "data": PHOTOS[:, :5]}, "shape"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_low_rank(network(), **options)


def test_a_subclassed_model_is_refused() -> None:
    class Subclass(keras.Model):  # type: ignore[misc]
        def call(self, value: Any) -> Any:
            return value

    with pytest.raises(InputError, match="functional"):
        plan_low_rank(Subclass(), macs=0.3)


def test_plans_can_be_compared_without_a_network() -> None:
    plan = plan_low_rank(network(), macs=0.3)
    assert isinstance(plan, LowRankPlan)
    assert "low rank (fitted to weights)" in plan.summary()
