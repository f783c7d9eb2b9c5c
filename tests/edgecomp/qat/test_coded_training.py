"""Training weights that are to take few bits: those are reached, files agree, and a kill changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.qat.check import match
from edgecomp.qat.coded import ENOUGH, CodedWeights
from edgecomp.qat.network import FakeQuantNetwork
from edgecomp.train import checkpointing
from edgecomp.train.progress import Progress, Trained
from edgecomp.train.settings import TrainSettings
from edgecomp.train.sparsity.gradual import Sparsity
from edgecomp.train.train import train

from ..train.networks import classifier, corners, examples_of
from .integer_files import coarse, file_of, integers_of

PHOTOS, LABELS = corners(700)
BITS = 1.2


@pytest.fixture(scope="module")
def teacher() -> Any:
    """Tells which corner of a picture is bright, with weights to spare."""
    model = classifier(40, seed=1)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.01
    model.fit(PHOTOS.astype(np.float32) / 255, LABELS, epochs=4, batch_size=50, verbose=0)
    return model


@pytest.fixture(scope="module")
def prepared(teacher: Any, prepare: Any) -> Any:
    return prepare(teacher, PHOTOS[:60].astype(np.float32) / 255)


def _trained(
    prepared: Any, teacher: Any, epochs: int = 12, sparsity: Sparsity | None = None, **options: Any
) -> tuple[FakeQuantNetwork, Trained]:
    network = FakeQuantNetwork(prepared.plan, logits=True, fewer=_coded(prepared))
    settings = TrainSettings(epochs=epochs, batch_size=64, learning_rate=0.01, seed=3, sparsity=sparsity)
    examples = examples_of(teacher, (PHOTOS, LABELS), kind="classification")
    return network, train(network, examples, settings, teacher=teacher, **options)


def _coded(prepared: Any) -> CodedWeights:
    return CodedWeights(BITS, coarse(prepared))


@pytest.fixture(scope="module")
def trained_once(prepared: Any, teacher: Any) -> tuple[FakeQuantNetwork, Trained]:
    return _trained(prepared, teacher)


def test_the_bits_that_are_wanted_are_in_the_file_and_the_network_still_knows(prepared: Any, trained_once: Any) -> None:
    network, trained = trained_once
    file = file_of(prepared, network)
    spent = count = 0.0
    for one in integers_of(file).values():
        uses = np.unique(one, return_counts=True)[1]
        spent -= float((uses * np.log2(uses / one.size)).sum())
        count += one.size
    assert spent / count <= ENOUGH * BITS + 0.03
    assert trained.after > 0.95
    assert match(network, file, prepared.samples).agreement > 0.98


def test_an_epoch_with_too_many_bits_is_never_the_best(prepared: Any, trained_once: Any) -> None:
    network, trained = trained_once
    assert trained.best > len(trained.history) * 0.3
    assert network.settled
    assert float(FakeQuantNetwork(prepared.plan, fewer=_coded(prepared)).bits()) > 1.5 * float(network.bits())


def test_weights_also_become_zero_by_the_share(prepared: Any, teacher: Any) -> None:
    network, trained = _trained(prepared, teacher, epochs=4, sparsity=Sparsity(0.8))
    assert trained.zeros == pytest.approx(0.8, abs=0.01)
    kernels = list(integers_of(file_of(prepared, network)).values())
    assert sum(int((one == 0).sum()) for one in kernels) >= 0.79 * sum(one.size for one in kernels)


class UnpluggedError(Exception):
    """Somebody pulled the plug."""


def test_stopped_in_the_middle_it_goes_on_to_the_same_file(
    prepared: Any, teacher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "SAVED_EVERY", 0.0)
    monkeypatch.setattr(checkpointing, "SAVING_SHARE", 1.0)
    monkeypatch.setattr("edgecomp.train.loop._TOLD_EVERY", 0.0)

    def run(checkpoint: Path | None, stop_at: int | None = None) -> bytes:
        def stop(progress: Progress) -> None:
            if stop_at is not None and progress.step >= stop_at:
                raise UnpluggedError

        sparse = Sparsity(0.5, by="gradient")
        network, _ = _trained(prepared, teacher, 3, sparse, checkpoint=checkpoint, on_progress=stop)
        return file_of(prepared, network)

    path = tmp_path / "here.checkpoint"
    for stop_at in (2, 13):
        with pytest.raises(UnpluggedError):
            run(path, stop_at)
    assert run(path) == run(None)
