"""What cutting a group costs, measured: as much as if it had really been cut, and remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from pruning_oracle import randomize

from edgecomp.errors import InputError
from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.importance import score
from edgecomp.pruning.measured import group_curves, measure_groups, measured_ladders
from edgecomp.pruning.plan import plan_pruning
from edgecomp.pruning.rebuild import remove_channels
from edgecomp.pruning.widths import WidthRules, ladders


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("edgecomp.remembered.cache_folder", lambda: tmp_path)
    return tmp_path


def network(*, activation: str | None = None) -> Any:
    """A residual network with a depthwise branch and a gate."""
    inputs = keras.Input((8, 8, 3), name="photo")
    value = layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")(inputs))
    value = layers.ReLU()(value)
    branch = layers.Conv2D(32, 1, activation="relu", name="expand")(value)
    branch = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(branch)
    branch = layers.Conv2D(16, 1, name="project")(layers.ReLU()(layers.BatchNormalization()(branch)))
    value = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.Add()([value, branch])))
    model = keras.Model(inputs, layers.Dense(5, activation=activation, name="scores")(value))
    randomize(model)
    return model


def photos(count: int = 24) -> np.ndarray:
    return np.random.default_rng(0).random((count, 8, 8, 3)).astype(np.float32)


def steps(model: Any) -> Any:
    graph = analyze(model)
    return graph, ladders(graph, score(model, graph, "l2"), WidthRules(multiple=4, block=1))


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_a_loss_is_that_of_the_network_with_the_channels_really_gone(activation: str | None) -> None:
    model = network(activation=activation)
    graph, found = steps(model)
    exact = np.asarray(model.predict_on_batch(photos()), np.float64)

    curves = group_curves(model, graph, found, photos())

    assert len(curves) == len(graph.groups) > 1
    for ladder, curve in zip(found, curves, strict=True):
        assert curve.cuts[0] == 0
        assert curve.cuts[-1] == ladder.cuts[-1]
        cut = remove_channels(model, graph, ladder.channels[: curve.cuts[-1]])
        given = np.asarray(cut.predict_on_batch(photos()), np.float64)
        if activation == "softmax":
            wanted = (exact * np.log(exact / given)).sum(-1).mean()
        else:
            wanted = np.square(exact - given).mean() / exact.var()
        assert max(curve.losses) >= wanted * (1 - 1e-3)
        assert curve.losses[-1] == pytest.approx(max(wanted, curve.losses[-2]), rel=1e-3)
        assert curve.agreement is not None
        assert curve.agreement[-1] == np.mean(exact.argmax(-1) == given.argmax(-1))


def test_the_model_stays_as_it_was() -> None:
    model = network()
    before = [np.array(one) for one in model.get_weights()]

    measured_ladders(model, *steps(model), photos())

    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_losses_rise_on_every_rung() -> None:
    model = network()

    for ladder in measured_ladders(model, *steps(model), photos()):
        assert ladder.losses[0] == 0
        assert (np.diff(ladder.losses) > 0).all()


def test_what_was_measured_is_remembered_until_the_weights_change(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network()
    graph, found = steps(model)
    first = group_curves(model, graph, found, photos())
    monkeypatch.setattr("edgecomp.pruning.measured._measure", lambda *_: pytest.fail("it was measured again"))

    assert group_curves(model, graph, found, photos()) == first

    monkeypatch.setattr("edgecomp.pruning.measured._measure", lambda *_: iter(()))
    model.get_layer("expand").kernel.assign(model.get_layer("expand").kernel * 2)
    assert group_curves(model, graph, found, photos()) == ()


@pytest.mark.parametrize("damage", ["", "{", "[1]", '[{"layers": []}]', "null"])
def test_a_damaged_memory_is_measured_again(own_cache: Path, damage: str) -> None:
    model = network()
    graph, found = steps(model)
    first = group_curves(model, graph, found, photos())
    (file,) = (own_cache / "channel-groups").iterdir()
    file.write_text(damage)

    assert group_curves(model, graph, found, photos()) == first


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("edgecomp.remembered.cache_folder", lambda: tmp_path / "file")
    model = network()

    assert group_curves(model, *steps(model), photos())


def test_the_ranking_measured_spares_the_layer_that_matters_whatever_its_weights_say() -> None:
    """Two branches alike but for a factor behind them that only the answers show."""
    inputs = keras.Input((16,), name="row")
    parts = [layers.Dense(16, activation="relu", name=name)(inputs) for name in ("loud", "quiet")]
    scaled = [layers.Dense(4, name=f"read_{name}")(part) for name, part in zip(("loud", "quiet"), parts, strict=True)]
    model = keras.Model(inputs, layers.Add()(scaled))
    randomize(model)
    model.get_layer("read_quiet").kernel.assign(model.get_layer("read_quiet").kernel * 1e-3)
    rows = np.random.default_rng(0).standard_normal((64, 16)).astype(np.float32)

    plan = plan_pruning(model, macs=0.3, data=rows, ranking="measured", multiple=4, block=1)

    after = {layer.name: layer.after for layer in plan.layers}
    assert after["loud"] == 16
    assert after["quiet"] < 16


def test_the_ranking_measured_needs_samples() -> None:
    with pytest.raises(InputError, match="samples"):
        plan_pruning(network(), macs=0.3, ranking="measured")


def test_groups_of_a_whole_model_are_told_by_their_layers() -> None:
    curves = measure_groups(network(), photos(), multiple=4)

    assert {layer for one in curves for layer in one.layers} == {"stem", "expand", "project"}
    assert all(one.cuts[0] == 0 < one.cuts[-1] < one.channels for one in curves)
