"""Run by test_trainer.py: one conversion that trains, and may be killed on its way.

python killed_conversion.py MODEL.keras TRAIN.npz OUT [killed]
"""

import os
import signal
import sys
from pathlib import Path

import edgecomp
from edgecomp.train import checkpoint, checkpointing
from edgecomp.train.checkpoint import State


def kill_in_round_two() -> None:
    """Has this process killed when its second round is kept for the third time."""
    save, saved = checkpoint.save, 0

    def save_and_die(path: Path, state: State) -> None:
        nonlocal saved
        save(path, state)
        if path.name.startswith("round-2"):
            checkpointing.SAVED_EVERY, checkpointing.SAVING_SHARE = 0.0, 1.0
            saved += 1
        if saved == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.save = save_and_die


if __name__ == "__main__":
    model, train, out = sys.argv[1:4]
    if sys.argv[4:] == ["killed"]:
        kill_in_round_two()
    edgecomp.convert(
        model,
        out=out,
        target="raspberry-pi-4b",
        train=train,
        preprocess="none",
        effort="low",
        prune=0.4,
        importance="l2",
        epochs=4,
        rounds=2,
    )
