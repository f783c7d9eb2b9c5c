"""A training for the tests to kill: `python killed_training.py CHECKPOINT RESULT`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from networks import classifier, corners, examples_of

from edgecomp.train import checkpointing
from edgecomp.train.features import matches_by_name
from edgecomp.train.settings import TrainSettings
from edgecomp.train.train import train


def main(checkpoint: Path, result: Path) -> None:
    checkpointing.SAVED_EVERY = 0.0
    checkpointing.SAVING_SHARE = 1.0
    teacher, student = classifier(seed=1), classifier(seed=2)
    examples = examples_of(student, corners(700), kind="classification")
    trained = train(
        student,
        examples,
        TrainSettings(epochs=14, batch_size=32, seed=5),
        teacher=teacher,
        features=matches_by_name(teacher, student),
        checkpoint=checkpoint,
        on_progress=lambda progress: print(progress.step, flush=True),
    )
    history = np.array([[one.loss, one.value, one.held_loss, one.learning_rate] for one in trained.history])
    np.savez(result, *student.get_weights(), history=history)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
