"""A network with two thirds of its arithmetic taken out, and trained on without a label.

    python samples/pruned/demo.py [FOLDER]

The original is the network of samples/digits. Its channels are pruned, and what is left learns to answer as it does, on
300 photos whose labels nobody has to know.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image
from rich.console import Console

import edgecomp

TRAIN = Path(__file__).resolve().parents[1] / "digits" / "train.py"
PRUNE = 0.67
SECONDS = 30.0


def read_photos(folder: Path) -> np.ndarray:
    """The photos of all sub-folders: uint8 [n, 32, 32, 1]; the names of the sub-folders are not looked at."""
    return np.stack([np.asarray(Image.open(path))[..., None] for path in sorted(folder.glob("*/*.png"))])


def main(folder: Path) -> None:
    """Writes the original's files and `result/` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, TRAIN, folder], check=True)
    result = edgecomp.convert(
        folder / "digits.keras",
        target="raspberry-pi-4b",
        train=read_photos(folder / "calibration"),
        evaluation=folder / "test",
        preprocess="0..1",
        prune=PRUNE,
        time_budget=SECONDS,
        out=folder / "result",
        force=True,
        console=Console(stderr=True),
    )
    report = result.report
    training, macs = report["training"][0], report["pruning"]["macs"]
    print(f"multiply-accumulates: {macs['before']:,} -> {macs['after']:,}")
    print(f"agreement with the original, held out: {training['before']:.1%} -> {training['after']:.1%}")
    for name, title in (("float", "original"), ("compressed", "pruned, int8")):
        metric = report[name]["metric"]
        print(f"{title}: {metric['value']:.2%} of {metric['n']} test photos right, {report[name]['bytes']:,} bytes")
    print(f"report: {folder / 'result' / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("pruned_out"))
