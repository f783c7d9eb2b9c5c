"""A folder of photos and no labels: converts a keras.applications network and shows how far INT8 agrees with float.

    python samples/photos/demo.py [FOLDER] [--weights imagenet] [--target android-arm64]

Without a folder of your own, crops of scikit-learn's two bundled photographs stand in. Without `--weights imagenet`,
which Keras downloads, the weights are random: the answers are then nonsense, and their agreement says little about a
trained network. What is shown is the way from a folder of photos to a bundle, its size and its speed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from edgecomp_runtime import Model
from PIL import Image
from rich.console import Console
from sklearn.datasets import load_sample_images

import edgecomp

WORK = Path("build/photos")
SIZE = 224


def random_crops(count: int) -> list[Image.Image]:
    """Squares out of scikit-learn's two photographs, a temple's roof and a flower."""
    rng, pictures = np.random.default_rng(0), [Image.fromarray(one) for one in load_sample_images().images]
    corners = rng.integers(0, [one - SIZE for one in pictures[0].size], (count, 2)).tolist()
    return [pictures[i % 2].crop((x, y, x + SIZE, y + SIZE)) for i, (x, y) in enumerate(corners)]


def build_network(weights: str | None):
    """MobileNetV2 for photos of 224x224, and the names of its classes where it is trained."""
    import keras
    from keras.applications import mobilenet_v2

    keras.utils.set_random_seed(0)
    # Scores, not probabilities: of 1000 classes most have less than one step of an int8 output that ends at 1.
    network = mobilenet_v2.MobileNetV2(weights=weights, classifier_activation=None)
    if weights:
        return network, [name for ((_, name, _),) in mobilenet_v2.decode_predictions(np.eye(1000), top=1)]
    for layer in network.layers:
        layer.momentum = 0.0  # One batch now sets the statistics of every BatchNorm, without which signals fade to 0.
    network(np.stack([np.asarray(crop) / 127.5 - 1 for crop in random_crops(16)]), training=True)
    return network, [f"class {index}" for index in range(1000)]


def main(folder: Path | None, weights: str | None, target: str) -> None:
    """Converts, and runs the bundle on a few of the photos."""
    if folder is None:
        folder = WORK / "crops"
        folder.mkdir(parents=True, exist_ok=True)
        for index, crop in enumerate(random_crops(64)):
            crop.save(folder / f"{index:02d}.jpg", quality=90)
    network, labels = build_network(weights)
    options = {"out": WORK / "result", "force": True, "console": Console(stderr=True)}
    trained_with = "-1..1,fit=crop"
    result = edgecomp.convert(network, target=target, data=folder, preprocess=trained_with, labels=labels, **options)
    before, after = result.report["float"], result.report["compressed"]
    print(f"size: {before['bytes'] / 1e6:.1f} MB float, {after['bytes'] / 1e6:.1f} MB int8")
    print(f"latency here: {before['latency_ms']['p50']:.1f} ms float, {after['latency_ms']['p50']:.1f} ms int8")
    print(f"same answer for {result.agreement:.0%} of the photos, signal to noise {result.report['sqnr_db']:.1f} dB")
    print("" if weights else "The weights are random, and so are the answers; --weights imagenet gets trained ones.\n")
    model = Model.load(result.bundle)
    for path in [one for one in sorted(folder.rglob("*")) if one.suffix.lower() in (".jpg", ".jpeg", ".png")][:4]:
        print(f"{path}: {', '.join(f'{one.label} {one.score:.3f}' for one in model.classify(path, top=3))}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="photos of your own")
    parser.add_argument("--weights", choices=["imagenet"], help="trained weights, downloaded by Keras")
    parser.add_argument("--target", default="raspberry-pi-5", help="device profile (default: %(default)s)")
    options = parser.parse_args()
    main(options.folder, options.weights, options.target)
