"""A table of measurements: trains on scikit-learn's breast-cancer table, converts from Python, and runs the bundle.

    python samples/tabular/demo.py [FOLDER]

The network standardizes its columns itself, with a `Normalization` layer. An int8 input has one scale for all columns,
and next to a column that reaches 4254 one that ends at 0.4 would be nothing but zeros; edgecomp therefore moves that
layer into the preprocessing contract. The bundle carries it, and the device is fed rows as they stand in the table.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from edgecomp_runtime import Model
from rich.console import Console
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import edgecomp


def train(rows: np.ndarray, classes: np.ndarray):
    """A small dense network for rows of numbers as they stand in the table."""
    import keras

    keras.utils.set_random_seed(0)
    row = keras.Input(rows.shape[1:], name="measurements")
    standardize = keras.layers.Normalization()
    standardize.adapt(rows)
    x = keras.layers.Dense(32, activation="relu")(standardize(row))
    x = keras.layers.Dense(16, activation="relu")(x)
    model = keras.Model(row, keras.layers.Dense(2, activation="softmax", name="diagnosis")(x), name="breast_cancer")
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(rows, classes, epochs=40, batch_size=32, verbose=0)
    return model


def write_csv(path: Path, table, rows: np.ndarray, classes: np.ndarray) -> None:
    """One line a row, as in the original table, with the class's name in the column `label`."""
    header = ",".join([*table.feature_names, "label"])
    lines = [",".join([*map(str, row), table.target_names[number]]) for row, number in zip(rows, classes, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")


def main(folder: Path) -> None:
    """Writes `train.csv`, `test.csv` and `result/` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    table = load_breast_cancer()
    train_x, test_x, train_y, test_y = train_test_split(
        table.data, table.target, test_size=0.3, random_state=0, stratify=table.target
    )
    write_csv(folder / "train.csv", table, train_x, train_y)
    write_csv(folder / "test.csv", table, test_x, test_y)
    result = edgecomp.convert(
        train(train_x, train_y),
        target="raspberry-pi-zero-2w",
        data=folder / "train.csv",
        evaluation=folder / "test.csv",
        labels=list(table.target_names),  # in the order of the network's outputs
        max_drop=1.0,
        out=folder / "result",
        force=True,
        console=Console(stderr=True),
    )
    for name in ("float", "compressed"):
        figures = result.report[name]
        print(f"{name}: {figures['metric']['value']:.2%} right of {figures['metric']['n']}, {figures['bytes']} bytes")
    print("\nThe device package, on rows as they stand in test.csv:")
    model = Model.load(result.bundle)
    for row, number in list(zip(test_x, test_y, strict=True))[:5]:
        best = model.classify(row, top=1)[0]
        print(f"{best.label} ({best.score:.0%}); the table says {table.target_names[number]}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/tabular"))
