"""Weights become zero while a network learns, and zeros stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.train import checkpointing
from edgecomp.train.loop import HURRIED
from edgecomp.train.progress import Progress
from edgecomp.train.settings import TrainSettings
from edgecomp.train.sparsity.gradual import CRITERIA, Sparsity
from edgecomp.train.sparsity.masks import Masks
from edgecomp.train.sparsity.weights import kernels_of
from edgecomp.train.train import train

from ..networks import accuracy, classifier, corners, examples_of

TEST = corners(300, seed=9)


def _zeros(network: Any) -> dict[str, float]:
    return {one.name: float((one.numpy() == 0).mean()) for one in kernels_of(network)}


def _wide(seed: int = 1) -> Any:
    """A network whose convolution and dense layer both have weights to spare."""
    return classifier(32, seed=seed)


def _trained(network: Any, sparsity: Sparsity | None, *, seed: int = 3, epochs: int = 6, **options: Any) -> Any:
    settings = TrainSettings("labels", epochs=epochs, batch_size=32, learning_rate=0.01, sparsity=sparsity, seed=seed)
    return train(network, examples_of(network, corners(700), kind="classification"), settings, **options)


@pytest.mark.parametrize("by", CRITERIA)
def test_a_network_learns_while_most_of_its_weights_go(by: Any) -> None:
    network = _wide()
    trained = _trained(network, Sparsity(0.7, by=by))
    kernels = list(kernels_of(network))
    zeros = sum(float((one.numpy() == 0).sum()) for one in kernels) / sum(one.size for one in kernels)
    assert zeros == pytest.approx(0.7, abs=0.001)
    assert trained.zeros == pytest.approx(zeros)
    assert accuracy(network, *TEST) > 0.9


def test_each_layer_reaches_the_share_where_it_is_asked_to() -> None:
    network = _wide()
    _trained(network, Sparsity(0.6, scope="layer"), epochs=2)
    assert all(share == pytest.approx(0.6, abs=0.01) for share in _zeros(network).values())
    assert (np.array(network.get_layer("norm").gamma) != 0).all()


def test_two_of_four_weights_stay_along_the_inputs() -> None:
    network = _wide()
    _trained(network, Sparsity(0.5, pattern="2:4"), epochs=2)
    kernel = np.array(network.get_layer("scores").kernel)  # [in, out]
    groups = (kernel != 0).reshape(-1, 4, kernel.shape[1]).sum(axis=1)
    assert (groups == 2).all()


def test_zeros_stay_in_later_trainings() -> None:
    network = _wide()
    _trained(network, Sparsity(0.7, scope="layer"), epochs=2)
    before = [one.numpy() == 0 for one in kernels_of(network)]
    moved = network.get_layer("scores").get_weights()[0]
    trained = _trained(network, None, seed=4, epochs=2)
    for zeros, kernel in zip(before, kernels_of(network), strict=True):
        np.testing.assert_array_equal(kernel.numpy() == 0, zeros)
    assert not np.array_equal(moved, network.get_layer("scores").get_weights()[0])
    assert trained.zeros == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("initializer", ["identity", "zeros"])
def test_zeros_that_training_starts_from_are_not_kept(initializer: str) -> None:
    import keras

    inputs = keras.Input((8, 8, 1), name="photo")
    value = keras.layers.Dense(64, kernel_initializer=initializer)(keras.layers.Flatten()(inputs))
    network = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(value))
    assert _trained(network, None, epochs=1).zeros == 0
    assert all(np.mean(one.numpy() == 0) < 0.1 for one in kernels_of(network))


def test_more_weights_go_where_some_went_before_and_none_comes_back() -> None:
    network = _wide()
    _trained(network, Sparsity(0.4), epochs=2)
    before = [one.numpy() == 0 for one in kernels_of(network)]
    _trained(network, Sparsity(0.8), epochs=2)
    for zeros, kernel in zip(before, kernels_of(network), strict=True):
        assert (kernel.numpy()[zeros] == 0).all()
    kernels = list(kernels_of(network))
    share = sum(float((one.numpy() == 0).sum()) for one in kernels) / sum(one.size for one in kernels)
    assert share == pytest.approx(0.8, abs=0.001)


def test_dense_epochs_are_no_rivals_of_sparse_ones() -> None:
    network = _wide()
    _trained(network, None, epochs=3)
    trained = _trained(network, Sparsity(0.97, by="random", scope="layer", begin=0.4, end=0.8), epochs=5)
    best = next(one for one in trained.history if one.epoch == trained.best)
    assert trained.best >= 4
    assert best.value < trained.history[0].value
    assert all(share == pytest.approx(0.97, abs=0.01) for share in _zeros(network).values())


def test_a_training_that_ends_early_still_ends_sparse() -> None:
    network = _wide()
    settings = TrainSettings(
        "labels", steps=500, stop_after=5, batch_size=32, learning_rate=0.01, sparsity=Sparsity(0.5), seed=3
    )
    trained = train(network, examples_of(network, corners(700), kind="classification"), settings)
    assert trained.steps_done == 5
    assert trained.zeros == pytest.approx(0.5, abs=0.001)
    assert trained.best == trained.history[-1].epoch
    assert trained.warnings == (HURRIED,)


def test_measuring_the_pace_leaves_scores_and_masks_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    observed: list[float] = []
    chosen = Masks.choose

    def choose(self: Masks, share: float) -> None:
        observed.append(max(float(np.abs(np.asarray(one)).max()) for one in self.variables))
        chosen(self, share)

    monkeypatch.setattr(Masks, "choose", choose)
    found = []
    for budget in ({"epochs": 2}, {"epochs": 2, "time_budget": 600.0}):
        network = _wide()
        settings = TrainSettings(
            "labels", **budget, batch_size=32, learning_rate=0.01, sparsity=Sparsity(0.5, by="gradient")
        )
        train(network, examples_of(network, corners(400), kind="classification"), settings)
        found.append(network.get_weights())
    assert observed
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


class UnpluggedError(Exception):
    """Somebody pulled the plug."""


@pytest.mark.parametrize("by", ["magnitude", "movement"])
def test_stopped_in_the_middle_it_goes_on_to_the_same_weights(
    by: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "SAVED_EVERY", 0.0)
    monkeypatch.setattr(checkpointing, "SAVING_SHARE", 1.0)
    monkeypatch.setattr("edgecomp.train.loop._TOLD_EVERY", 0.0)

    def run(checkpoint: Path | None, stop_at: int | None = None) -> tuple[list[np.ndarray], list[float]]:
        def stop(progress: Progress) -> None:
            if stop_at is not None and progress.step >= stop_at:
                raise UnpluggedError

        network = _wide(seed=2)
        trained = _trained(network, Sparsity(0.6, by=by), epochs=3, checkpoint=checkpoint, on_progress=stop)
        return network.get_weights(), [one.held_loss for one in trained.history]

    unbroken, history = run(None)
    path = tmp_path / "here.checkpoint"
    for stop_at in (1, 9, 23, 44):
        with pytest.raises(UnpluggedError):
            run(path, stop_at)
    resumed, again = run(path)
    assert again == history
    assert all(np.array_equal(one, other) for one, other in zip(unbroken, resumed, strict=True))
