"""A training that was interrupted ends where an unbroken one does, to the bit."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecomp.errors import InputError
from edgecomp.train import checkpointing
from edgecomp.train.progress import Progress
from edgecomp.train.settings import TrainSettings
from edgecomp.train.train import train

from .networks import classifier, corners, examples_of

SCRIPT = Path(__file__).with_name("killed_training.py")
SETTINGS = TrainSettings(epochs=4, batch_size=32, seed=3)


class UnpluggedError(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
def eager_saving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpointing, "SAVED_EVERY", 0.0)
    monkeypatch.setattr(checkpointing, "SAVING_SHARE", 1.0)
    monkeypatch.setattr("edgecomp.train.loop._TOLD_EVERY", 0.0)


def _run(checkpoint: Path | None, *, stop_at: int | None = None) -> tuple[list[np.ndarray], list[tuple[float, ...]]]:
    def stop(progress: Progress) -> None:
        if stop_at is not None and progress.step >= stop_at:
            raise UnpluggedError

    teacher, student = classifier(seed=1), classifier(seed=2)
    examples = examples_of(student, corners(660), kind="classification")
    trained = train(student, examples, SETTINGS, teacher=teacher, checkpoint=checkpoint, on_progress=stop)
    return student.get_weights(), [(one.value, one.held_loss) for one in trained.history]


def test_stopped_in_the_middle_of_an_epoch_it_goes_on_to_the_same_weights(tmp_path: Path, eager_saving: None) -> None:
    unbroken, history = _run(None)
    path = tmp_path / "here.checkpoint"
    for stop_at in (1, 7, 25, 36, 50):
        with pytest.raises(UnpluggedError):
            _run(path, stop_at=stop_at)
    resumed, again = _run(path)
    assert again == history
    assert all(np.array_equal(one, other) for one, other in zip(unbroken, resumed, strict=True))


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "here.checkpoint"
    weights, history = _run(path)
    told = path.read_bytes()
    again, same = _run(path, stop_at=0)  # the first word on progress would stop it
    assert same == history
    assert all(np.array_equal(one, other) for one, other in zip(weights, again, strict=True))
    assert path.read_bytes() == told


def test_the_checkpoint_of_another_training_is_refused(tmp_path: Path, eager_saving: None) -> None:
    path = tmp_path / "here.checkpoint"
    with pytest.raises(UnpluggedError):
        _run(path, stop_at=5)
    student, teacher = classifier(seed=2), classifier(seed=1)
    examples = examples_of(student, corners(660), kind="classification")
    for message, changed in (
        ("the student", {"student": classifier(seed=4)}),
        ("the teacher", {"teacher": classifier(seed=4)}),
        ("the examples", {"examples": examples_of(student, corners(660, seed=1), kind="classification")}),
        ("the settings", {"settings": TrainSettings(epochs=5, batch_size=32, seed=3)}),
    ):
        given = {"student": student, "examples": examples, "settings": SETTINGS, "teacher": teacher, **changed}
        with pytest.raises(InputError, match=f"another training: it differs in {message}"):
            train(**given, checkpoint=path)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_place(tmp_path: Path) -> None:
    def start(checkpoint: Path, result: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), str(checkpoint), str(result)], stdout=subprocess.PIPE, text=True
        )

    unbroken, resumed = tmp_path / "unbroken.npz", tmp_path / "resumed.npz"
    assert start(tmp_path / "unbroken.checkpoint", unbroken).wait() == 0
    rng = random.Random(0)
    kills = 0
    for _ in range(4):
        running = start(tmp_path / "killed.checkpoint", resumed)
        assert running.stdout is not None
        for _, _ in zip(running.stdout, range(rng.randrange(1, 4)), strict=False):
            pass
        running.send_signal(signal.SIGKILL)
        kills += running.wait() == -signal.SIGKILL
    assert kills >= 2
    assert start(tmp_path / "killed.checkpoint", resumed).wait() == 0
    with np.load(unbroken) as one, np.load(resumed) as other:
        assert one.files == other.files
        for name in one.files:
            assert np.array_equal(one[name], other[name], equal_nan=True), name
