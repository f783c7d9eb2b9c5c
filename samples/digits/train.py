"""Trains a small CNN on scikit-learn's handwritten digits and writes what `edgecomp convert` needs.

    python samples/digits/train.py FOLDER

FOLDER then holds `digits.keras`, and the images as PNGs: `calibration/` (from the training part) and `test/` (never
seen in training), one sub-folder a digit.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image
from rich.progress import Progress
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIZE = 32
EPOCHS = 12


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 scans, enlarged from 8x8 to 32x32: uint8 [n, 32, 32], labels [n]."""
    digits = load_digits()
    small = (digits.images * (255 / 16)).round().astype(np.uint8)
    large = [np.asarray(Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for one in small]
    return np.stack(large), digits.target


def write_pngs(images: np.ndarray, labels: np.ndarray, folder: Path) -> None:
    """Writes one PNG an image, in a sub-folder named after its label."""
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{index:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def build_model():
    """A plain CNN of about 60,000 parameters with BatchNorm and one residual connection."""
    import keras
    from keras import layers

    def convolve(x, filters: int, stride: int = 1):
        x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input((SIZE, SIZE, 1), name="image")
    x = convolve(image, 16, stride=2)
    x = convolve(x, 32)
    x = convolve(x, 48, stride=2)
    x = layers.Add()([x, convolve(x, 48)])
    x = layers.GlobalAveragePooling2D()(convolve(x, 64))
    return keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(x), name="digits")


def train(images: np.ndarray, labels: np.ndarray):
    """Trains on pixel values in 0..1, shifted at random by up to two pixels."""
    with Progress() as progress:
        task = progress.add_task("loading TensorFlow", total=None)
        import keras

        keras.utils.set_random_seed(0)
        model = build_model()
        model.compile("adam", "sparse_categorical_crossentropy")
        scaled = (images / 255.0).astype(np.float32)[..., None]
        rng = np.random.default_rng(0)
        progress.update(task, description=f"training on {len(images)} digits", total=EPOCHS)
        for epoch in range(EPOCHS):
            model.optimizer.learning_rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
            shifted = np.stack([np.roll(one, rng.integers(-2, 3, 2), (0, 1)) for one in scaled])
            model.fit(shifted, labels, batch_size=32, epochs=1, verbose=0)
            progress.advance(task)
    return model


def main(folder: Path) -> None:
    """Writes the PNGs and the trained model to `folder`."""
    images, labels = load_images()
    train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=0.3, random_state=0, stratify=labels)
    write_pngs(train_x[:300], train_y[:300], folder / "calibration")
    write_pngs(test_x, test_y, folder / "test")
    train(train_x, train_y).save(folder / "digits.keras")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
