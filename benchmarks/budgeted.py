"""`convert --max-drop 1 --time-budget 15m`, told nothing else, beside the stock converter and recipes of one's own.

python -m benchmarks.budgeted PHOTOS.npz|table [--network residual|mobile] [--minutes 15] [--fixed] [--seed 0]

PHOTOS.npz has x_train, y_train, x_test and y_test, as CIFAR-10 and MNIST are often stored; `table` is a dense network
on rows that scikit-learn generates. The search sees the training part alone; the figures are of the test part, looked
at once. `--fixed` also converts with nothing pruned and with half of the multiply-accumulates pruned, in the same time.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from .recovery import EPOCHS, instruction_lines, trained_original
from .recovery_networks import NETWORKS, Photos

ROWS, COLUMNS, CLASSES = 12_000, 24, 6
FIXED: tuple[dict[str, Any], ...] = ({}, {"prune": 0.5})


def main(arguments: list[str]) -> None:
    """Trains the original where it is not kept, converts, and prints a comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="residual")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--max-drop", type=float, default=1.0)
    parser.add_argument("--goal", default="latency")
    parser.add_argument("--fixed", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the original's own training")
    asked = parser.parse_args(arguments)
    folder = Path("bench_out/budgeted")
    folder.mkdir(parents=True, exist_ok=True)
    original, data, preprocess = _table(folder) if asked.photos == "table" else _photos(asked)
    print("\n".join(compare(asked, original, data, preprocess, folder)))


def compare(asked: argparse.Namespace, original: Path, data: Photos, preprocess: str, folder: Path) -> list[str]:
    """Lines for people to read."""
    import edgecomp
    from edgecomp.errors import BudgetError

    name = Path(asked.photos).stem if asked.photos == "table" else f"{asked.network}-{Path(asked.photos).stem}"
    common: dict[str, Any] = {
        "target": "raspberry-pi-4b",
        "evaluation": (data.x_test, data.y_test),
        "preprocess": preprocess,
        "seed": asked.seed,
        "stock": True,
        "force": True,
        "console": Console(stderr=True),
    }
    training = {"train": (data.x_train, data.y_train), "time_budget": 60 * asked.minutes}
    began = time.monotonic()
    out = folder / f"{name}-{asked.goal}-{asked.seed}"
    try:
        made = edgecomp.convert(original, out=out, max_drop=asked.max_drop, goal=asked.goal, **training, **common)
    except BudgetError as error:
        return [f"{name}: {error}"]
    scale = 1 / 255 if preprocess == "0..1" else 1.0
    stock = _stock(original, data.x_train * scale, folder)
    lines = [f"{name}: {(time.monotonic() - began) / 60:.1f} minutes in all", *_search(made), *_figures(made, stock)]
    for fixed in FIXED if asked.fixed else ():
        given = {**training, **fixed} if fixed else {"data": data.x_train}
        other = edgecomp.convert(original, out=folder / f"{name}-fixed", **given, **common)
        lines += [f"  for comparison, {fixed or 'nothing pruned'}:", *(f"  {one}" for one in _figures(other, stock))]
    return lines


def _search(made: Any) -> list[str]:
    points = [one for one in made.report["search"]["points"] if one["kind"] == "candidate"]
    return [
        f"  {'>' if one['chosen'] else ' '} {one['name']} {one['summary']}: {one['loss_points']:.2f} points lost on "
        f"the samples of the search, {one['bytes']} bytes"
        for one in points
    ]


def _figures(made: Any, stock: bytes) -> list[str]:
    report = made.report
    accuracy = {name: 100 * report[name]["metric"]["value"] for name in ("float", "stock", "compressed")}
    ours, theirs = report["compressed"], report["stock"]
    return [
        f"  accuracy: float {accuracy['float']:.2f}, stock int8 {accuracy['stock']:.2f}, ours "
        f"{accuracy['compressed']:.2f}: {accuracy['float'] - accuracy['compressed']:.2f} points lost on "
        f"{report['float']['metric']['n']} samples",
        f"  bytes: {ours['bytes'] / len(stock):.3f}x of the stock file; MACs {ours['macs'] / theirs['macs']:.3f}x",
        *instruction_lines(made, stock),
    ]


def _stock(original: Path, samples: np.ndarray, folder: Path) -> bytes:
    """The stock converter's INT8 file of the original, from 200 of the same samples."""
    from edgecomp.export.graph import freeze
    from edgecomp.models import open_model
    from edgecomp.worker import Worker

    opened = open_model(original)
    feeds = [{opened.inputs[0].name: one[None].astype(np.float32)} for one in samples[:: len(samples) // 200]]
    with Worker(log=folder / "stock.txt") as worker:
        file: bytes = worker.call("edgecomp.export.tflite:convert_graph_stock", freeze(opened), stream=feeds)
    return file


def _photos(asked: argparse.Namespace) -> tuple[Path, Photos, str]:
    photos = Photos.read(Path(asked.photos))
    path = Path("bench_out/recovery") / f"{asked.network}-{Path(asked.photos).stem}-{asked.epochs}.keras"
    path.parent.mkdir(parents=True, exist_ok=True)
    asked.photos = Path(asked.photos)
    original = trained_original(photos, asked, path)
    asked.photos = str(asked.photos)
    return original, photos, "0..1"


def _table(folder: Path) -> tuple[Path, Photos, str]:
    """A dense network on rows, trained here."""
    import keras
    from keras import layers
    from sklearn.datasets import make_classification

    x, y = make_classification(
        ROWS, COLUMNS, n_informative=12, n_classes=CLASSES, n_clusters_per_class=3, class_sep=1.6, random_state=0
    )
    x, y = x.astype(np.float32), y.astype(np.int64)
    rows = Photos(x[: ROWS * 3 // 4], y[: ROWS * 3 // 4], x[ROWS * 3 // 4 :], y[ROWS * 3 // 4 :])
    path = folder / "table.keras"
    if not path.exists():
        keras.utils.set_random_seed(0)
        value = inputs = keras.Input((COLUMNS,), name="row")
        for width in (192, 192, 96):
            value = layers.ReLU()(layers.BatchNormalization()(layers.Dense(width, use_bias=False)(value)))
        model = keras.Model(inputs, layers.Dense(CLASSES, activation="softmax", name="classes")(value), name="table")
        model.compile(keras.optimizers.AdamW(2e-3, 1e-4), "sparse_categorical_crossentropy")
        model.fit(rows.x_train, rows.y_train, epochs=20, batch_size=64, verbose=0)
        model.save(path)
    return path, rows, "none"


if __name__ == "__main__":
    main(sys.argv[1:])
