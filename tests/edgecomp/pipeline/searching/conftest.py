"""A table that a small network has learned, with samples enough to search on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest


@dataclass(frozen=True)
class Table:
    """Where it all lies."""

    model: Path
    train: str
    test: str


def rings(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of eight numbers: how far the first three are from the origin decides among three classes."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, 8)).astype(np.float32)
    radius = np.linalg.norm(x[:, :3], axis=1)
    return x, np.digitize(radius, (1.2, 1.9)).astype(np.int64)


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A dense network of far more width than it needs."""
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("table")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,), name="row")
    value = inputs
    for width in (96, 64):
        value = layers.Dense(width, activation="relu")(value)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax", name="ring")(value), name="rings")
    x, y = rings(1500, seed=0)
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=15, batch_size=50, verbose=0)
    model.save(folder / "rings.keras")
    np.savez(
        folder / "data.npz", x_train=x, y_train=y, **dict(zip(("x_test", "y_test"), rings(600, seed=1), strict=True))
    )
    data = folder / "data.npz"
    return Table(folder / "rings.keras", f"{data}:x_train,y_train", f"{data}:x_test,y_test")
