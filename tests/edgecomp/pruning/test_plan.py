"""Plans say exactly what the pruned model costs, and are what `prune` does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers
from pruning_oracle import randomize, samples_for, share_of
from random_networks import Recipe, build, networks

from edgecomp.errors import InputError
from edgecomp.export.graph import freeze
from edgecomp.export.tflite import convert_graph
from edgecomp.models import from_keras
from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.by_channel import channel_count
from edgecomp.pruning.cost_terms import cost_terms
from edgecomp.pruning.costs import Cost, kept_mask, layer_costs, total_cost
from edgecomp.pruning.flatten import flatten
from edgecomp.pruning.plan import apply_plan, plan_pruning, prune
from edgecomp.pruning.rebuild import remove_channels
from edgecomp.tflite import read_tflite, total_macs

SLOWLY = {"suppress_health_check": list(HealthCheck), "derandomize": True}


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def mobile_network() -> Any:
    """Every kind of convolution that photos go through, with BatchNorms folded and not."""
    inputs = keras.Input((16, 16, 3), name="photo")
    value = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="stem")(inputs)
    value = layers.ReLU(6.0)(layers.BatchNormalization()(value))
    wide = layers.Conv2D(48, 1, use_bias=False, name="expand")(value)
    wide = layers.ReLU(6.0)(layers.BatchNormalization()(wide))
    wide = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(wide)
    wide = layers.ReLU(6.0)(layers.BatchNormalization()(wide))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(wide)
    gate = layers.Conv2D(48, 1, activation="sigmoid", name="gate")(layers.Conv2D(8, 1, activation="relu")(gate))
    narrow = layers.Conv2D(16, 1, use_bias=False, name="project")(layers.Multiply()([wide, gate]))
    value = layers.Add()([value, layers.BatchNormalization()(narrow)])
    value = layers.ReLU()(layers.BatchNormalization(name="before")(value))
    value = layers.SeparableConv2D(32, 3, activation="relu", name="separable")(value)
    value = layers.Conv2DTranspose(16, 3, strides=2, activation="relu", name="up")(value)
    value = layers.Conv2D(16, 3, groups=2, activation="relu", name="grouped")(value)
    value = layers.Dense(24, activation="relu", name="hidden")(layers.Flatten()(value))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax", name="head")(value))
    randomize(model)
    return model


def costs_of(model: Any) -> Cost:
    graph = analyze(model)
    return total_cost(cost_terms(model, graph), kept_mask(channel_count(graph)))


def check_foretold(recipe: Recipe, share: float) -> None:
    keras.backend.clear_session()
    model = flatten(build(recipe))
    graph = analyze(model)
    terms = cost_terms(model, graph)
    removed = share_of(graph, share)
    smaller = remove_channels(model, graph, removed)
    assert total_cost(terms, kept_mask(channel_count(graph))).params == model.count_params()
    foretold = total_cost(terms, kept_mask(channel_count(graph), removed))
    assert foretold.params == smaller.count_params()
    assert foretold == costs_of(smaller)


@settings(max_examples=5, **SLOWLY)
@given(networks(), st.sampled_from((0.25, 0.5)))
def test_costs_foretell_those_of_the_rebuilt_network(recipe: Recipe, share: float) -> None:
    check_foretold(recipe, share)


@pytest.mark.slow
@settings(max_examples=150, **SLOWLY)
@given(networks(), st.sampled_from((0.25, 0.5)))
def test_costs_foretell_those_of_many_rebuilt_networks(recipe: Recipe, share: float) -> None:
    check_foretold(recipe, share)


def test_macs_are_those_of_the_exported_file() -> None:
    model = mobile_network()
    plan = plan_pruning(model, macs=0.4)
    for network, cost in ((model, plan.before), (apply_plan(model, plan), plan.after)):
        exported = read_tflite(convert_graph(freeze(from_keras(network))))
        assert total_macs(exported) == cost.macs


def test_costs_counted_by_hand() -> None:
    words = keras.Input((5,), dtype="int32")
    value = layers.Embedding(8, 6, name="embed")(words)
    value = layers.LSTM(4, return_sequences=True, name="lstm")(value)
    value = layers.Bidirectional(layers.GRU(3, return_sequences=True), name="both")(value)
    value = layers.TimeDistributed(layers.Dense(7), name="each")(value)
    value = layers.MultiHeadAttention(2, 3, name="attention")(value, value)
    value = layers.EinsumDense("...ab,bc->...ac", output_shape=(5, 4), name="einsum")(value)
    value = layers.Conv1D(6, 2, use_bias=False, groups=2, name="conv")(value)
    value = layers.BatchNormalization(name="norm")(value)
    value = layers.BatchNormalization(name="second")(value)
    shared = layers.Dense(6, name="shared")
    model = keras.Model(words, shared(shared(value)))
    graph = analyze(model)
    costs = layer_costs(cost_terms(model, graph), kept_mask(channel_count(graph)))
    assert {name: cost.macs for name, cost in costs.items() if cost.macs} == {
        "lstm": 5 * (6 * 16 + 4 * 16),
        "both": 2 * 5 * (4 * 9 + 3 * 9),
        "each": 5 * 6 * 7,
        "attention": 3 * 5 * 7 * 6 + 5 * 6 * 7 + 2 * 5 * 5 * 6,
        "einsum": 5 * 7 * 4,
        "conv": 4 * 2 * 2 * 6,
        "shared": 2 * 4 * 6 * 6,
    }
    assert costs["conv"].bytes == 2 * 2 * 6 + 4 * 6  # the bias is that of the folded BatchNorm
    assert costs["norm"].bytes == 0
    assert costs["second"].bytes == 2 * 6
    assert costs["shared"].bytes == 6 * 6 + 4 * 6
    assert costs["embed"].bytes == 8 * 6
    assert costs["conv"].activations == 4 * 6
    assert sum(cost.params for cost in costs.values()) == model.count_params()


@pytest.mark.parametrize("ranking", ["global", "local"])
@pytest.mark.parametrize("budget", [{"macs": 0.5}, {"params": 0.5}, {"bytes": 0.5}, {"macs": 0.3, "bytes": 0.6}])
def test_the_pruned_model_is_what_the_plan_says(budget: dict[str, float], ranking: str) -> None:
    model = mobile_network()
    plan = plan_pruning(model, **budget, ranking=ranking)
    smaller = apply_plan(model, plan)
    assert costs_of(smaller) == plan.after
    for of, share in budget.items():
        assert getattr(plan.after, of) <= (1 - share) * getattr(plan.before, of)
    for one in plan.layers:
        layer = smaller.get_layer(one.name)
        assert layer.output.shape[-1] == one.after
        assert one.after == one.before or one.after % 8 == 0
    assert smaller(samples_for(smaller)[0]).shape == (2, 10)


def test_prune_is_planning_and_applying() -> None:
    model = keras.Sequential([keras.Input((12, 12, 1)), mobile_start(), layers.Flatten(), layers.Dense(4)])
    randomize(model)
    before = model.get_weights()
    photos = np.random.default_rng(0).normal(size=(6, 12, 12, 1)).astype(np.float32)
    choice = {"params": 0.4, "importance": "taylor", "data": photos, "seed": 2}
    smaller = prune(model, **choice)
    again = apply_plan(model, plan_pruning(model, **choice))
    assert smaller.count_params() <= 0.6 * model.count_params()
    for one, other in zip(smaller.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def mobile_start() -> Any:
    """A network to be nested."""
    return keras.Sequential(
        [keras.Input((12, 12, 1)), layers.Conv2D(24, 3, activation="relu"), layers.Conv2D(32, 3)], name="start"
    )


def test_layers_are_left_alone_by_pattern() -> None:
    model = mobile_network()
    plan = plan_pruning(model, macs=0.3, ignore=["st?m", "hid*"])
    found = {one.name: (one.before, one.after) for one in plan.layers}
    assert found["stem"] == found["project"] == (16, 16)  # added up, so one width
    assert found["hidden"] == (24, 24)
    limited = plan_pruning(model, params=0.2, limits={"expand": 0.34})
    assert {one.name: one.after for one in limited.layers}["expand"] >= 32


def test_the_plan_is_a_table() -> None:
    plan = plan_pruning(mobile_network(), macs=0.5)
    table = str(plan).splitlines()
    assert table[0].split()[:3] == ["layer", "channels", "MACs"]
    assert len({len(line) for line in table[: len(plan.layers) + 2]}) == 1
    assert f"{plan.before.macs:,}" in table[-2]
    assert f"{plan.after.bytes:,}" in table[-2]
    assert table[-1].startswith(f"{len(plan.removed)} channels go (l2, global): ")
    expand = next(one for one in plan.layers if one.before != one.after)
    assert any(f"{expand.before} -> {expand.after}" in line for line in table)
    assert all(sum(getattr(one, of) for one in plan.layers) == plan.before.macs for of in ["macs_before"])
    assert sum(one.bytes_after for one in plan.layers) == plan.after.bytes


def test_a_budget_of_latency() -> None:
    model = mobile_network()
    plan = plan_pruning(model, latency=0.3, latency_model=lambda layer: layer.cost.macs + 4 * layer.cost.activations)
    before, after = (cost.macs + 4 * cost.activations for cost in (plan.before, plan.after))
    assert after <= 0.7 * before


def test_bad_requests_are_refused() -> None:
    model = mobile_network()
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "how much to prune"),
        ({"macs": 50}, "between 0 and 1"),
        ({"latency": 0.5}, "latency_model"),
        ({"macs": 0.5, "ranking": "best"}, "no ranking called best"),
        ({"macs": 0.99}, r"at most \d+\.\d% of the MACs can be removed, not 99\.0%"),
        ({"macs": 0.5, "ignore": ["block9"]}, "no layer is called block9"),
        ({"macs": 0.5, "multiple": 64}, "nothing in this model can be pruned"),
        ({"macs": 0.5, "multiple": 0}, "multiples of 1 or more"),
    ]
    for options, message in refused:
        with pytest.raises(InputError, match=message):
            plan_pruning(model, **options)
