"""Wall time of `edgecomp convert` against the stock converter doing the same, whole processes side by side."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .pairs import alternate

SAMPLES = 100
RUNS = 3
GOALS = {"low": 1 / 3, "normal": 1.0}
"""At most so many times the stock converter's wall time, by effort."""

_MAKE_MODEL = """
import sys, numpy as np, keras
keras.utils.set_random_seed(0)
model = keras.applications.MobileNetV2(weights=None, input_shape=(224, 224, 3))
rng = np.random.default_rng(0)
for layer in model.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        gamma, *_ = layer.get_weights()
        layer.set_weights([rng.uniform(*span, gamma.shape) for span in ((.5, 1.5), (-.2, .2), (-.1, .1), (.5, 1.5))])
model.save(sys.argv[1])
"""


def prepare(folder: Path) -> None:
    """Writes a MobileNetV2-224 with random weights and photos cut from scikit-learn's two photographs."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_images

    subprocess.run([sys.executable, "-c", _MAKE_MODEL, str(folder / "model.keras")], check=True, capture_output=True)
    photos = folder / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    pictures = load_sample_images().images
    for index in range(SAMPLES):
        picture = pictures[index % len(pictures)]
        top, left = rng.integers(0, picture.shape[0] - 320), rng.integers(0, picture.shape[1] - 320)
        Image.fromarray(picture[top : top + 320, left : left + 320]).save(photos / f"{index:03d}.jpg", quality=90)


def measure(folder: Path) -> list[str]:
    """Alternates `edgecomp convert` at each effort with the stock converter; reports wall times and memory.

    Returns:
        lines for people to read.
    """
    prepare(folder)
    model, photos, out = folder / "model.keras", folder / "photos", folder / "out"
    theirs = [sys.executable, "-m", "benchmarks.stock_convert", str(model), str(photos), str(folder / "stock.tflite")]
    lines = []
    for effort, goal in GOALS.items():
        ours = [
            *(sys.executable, "-m", "edgecomp.cli.main", "convert", str(model), "--target", "raspberry-pi-4b"),
            *("--data", str(photos), "--preprocess", "-1..1", "--samples", str(SAMPLES), "--effort", effort),
            *("--out", str(out)),
        ]
        pair = alternate(
            ours, theirs, runs=RUNS, before=lambda: shutil.rmtree(out, ignore_errors=True), name=f"convert, {effort}"
        )
        low, high = pair.spread
        lines += [
            f"convert MobileNetV2-224 --effort {effort}, {SAMPLES} photos, whole process: {pair.ratio:.2f}x the stock "
            f"converter's wall time (pairs from {low:.2f} to {high:.2f}; goal: at most {goal:.2f})",
            f"  seconds: ours {', '.join(f'{run.seconds:.1f}' for run in pair.ours)}; "
            f"stock {', '.join(f'{run.seconds:.1f}' for run in pair.theirs)}; peak memory with children: "
            f"{max(run.peak_mb for run in pair.ours):.0f} MB; stock {max(run.peak_mb for run in pair.theirs):.0f} MB",
        ]
    return lines
