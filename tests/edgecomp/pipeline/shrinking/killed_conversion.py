"""Run by test_trainer.py: one conversion that trains, to be killed on its way.

python killed_conversion.py MODEL.keras TRAIN.npz OUT
"""

import sys

import edgecomp

if __name__ == "__main__":
    model, train, out = sys.argv[1:]
    edgecomp.convert(
        model,
        out=out,
        target="raspberry-pi-4b",
        train=train,
        preprocess="none",
        effort="low",
        prune=0.4,
        importance="l2",
        epochs=12,
        rounds=2,
    )
