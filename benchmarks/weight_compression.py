"""What weights take that are sparse, shared or cheap, without any training: sizes in transport form, and accuracy.

python -m benchmarks weight_compression                               keywords, generated and trained here
python -m benchmarks.weight_compression PHOTOS.npz [--network residual|mobile] [--epochs 36]

PHOTOS.npz has x_train, y_train, x_test and y_test, as CIFAR-10 and MNIST are often stored. The original is trained once
and kept in bench_out. Files are made from 200 training samples without their labels; accuracy is that of the files in
the interpreter, on test samples that nothing was trained, calibrated or chosen on.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .keyword_network import keyword, utterances
from .recovery_networks import NETWORKS, Photos, train_from_nothing

CALIBRATION = 200
KEYWORDS, KEYWORD_EPOCHS = 8000, 12

METHODS: Mapping[str, Mapping[str, Any]] = {
    "int8 as it is": {},
    "half of the weights zero": {"sparsity": 0.5},
    "70% of the weights zero": {"sparsity": 0.7},
    "90% of the weights zero": {"sparsity": 0.9},
    "2 of every 4 weights zero": {"sparsity_pattern": "2:4"},
    "16 values a layer": {"cluster": 16},
    "8 values a layer": {"cluster": 8},
    "256 entries of 4 weights": {"codebook": "4x256"},
    "256 entries of 2 weights": {"codebook": "2x256"},
    "4 bits a weight": {"cluster": "bits=4"},
    "3 bits a weight": {"cluster": "bits=3"},
    "2 bits a weight": {"cluster": "bits=2"},
    "as few bits as calibration allows": {"cluster": "auto"},
    "half zero, 16 values": {"sparsity": 0.5, "cluster": 16},
    "half zero, 3 bits": {"sparsity": 0.5, "cluster": "bits=3"},
}


@dataclass(frozen=True, eq=False)
class Case:
    """A trained network with its data.

    Args:
        name: for people.
        model: path of the .keras file.
        calibration: samples without labels.
        test: samples and labels that nothing was chosen on.
        preprocess: as `--preprocess` takes it.
    """

    name: str
    model: Path
    calibration: np.ndarray
    test: tuple[np.ndarray, np.ndarray]
    preprocess: str


def measure(folder: Path) -> list[str]:
    """Trains the keyword network and compares.

    Returns:
        lines for people to read.
    """
    return compare(keyword_case(folder / "keyword.keras"), folder, METHODS)


def keyword_case(path: Path) -> Case:
    """Keywords; the network is trained where it is not there yet."""
    import keras

    x_train, y_train = utterances(KEYWORDS, seed=1)
    if not path.exists():
        keras.utils.set_random_seed(0)
        model = keyword()
        model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
        rates = keras.callbacks.LearningRateScheduler(lambda epoch: 2e-3 * (1 - epoch / KEYWORD_EPOCHS) + 1e-5)
        model.fit(x_train, y_train, batch_size=64, epochs=KEYWORD_EPOCHS, verbose=0, callbacks=[rates])
        model.save(path)
    return Case("keywords", path, x_train[:CALIBRATION], utterances(4000, seed=3), "none")


def photo_case(data: Path, network: str, epochs: int, folder: Path) -> Case:
    """Photos; the network is trained where it is not there yet."""
    photos = Photos.read(data)
    path = folder / f"{network}-{data.stem}-{epochs}.keras"
    if not path.exists():
        model = NETWORKS[network](photos.x_train.shape[1:])
        train_from_nothing(model, photos, epochs=epochs, flip="mnist" not in data.stem)
        model.save(path)
    name = f"{network}, {data.stem}"
    return Case(name, path, photos.x_train[:CALIBRATION], (photos.x_test, photos.y_test), "0..1")


def compare(case: Case, folder: Path, methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A table of the methods."""
    import edgecomp
    from edgecomp.transport import encode

    stock = len(gzip.compress(_stock_file(case, folder), 9))
    common = {
        "target": "raspberry-pi-4b",
        "data": case.calibration,
        "evaluation": case.test,
        "preprocess": case.preprocess,
        "force": True,
    }
    lines, first = [], None
    for number, (name, options) in enumerate(methods.items()):
        recipe = {} if first is None else {"recipe": first.recipe}
        made = edgecomp.convert(case.model, out=folder / f"method-{number}", **common, **recipe, **options)
        if first is None:
            first = made
            lines += _head(case, made, stock)
        lines.append(_row(name, made, len(encode(made.model.read_bytes())), stock))
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def _head(case: Case, made: Any, stock: int) -> list[str]:
    size, metric = made.report["float"]["bytes"], made.report["float"]["metric"]
    return [
        f"{case.name}: float {size} bytes, {100 * metric['value']:.2f}% of {metric['n']} right; stock int8 after "
        f"gzip -9: {stock} bytes",
        f"  {'':34}{'bits':>6}{'zeros':>7}{'bytes':>8}{'to float':>10}{'to stock':>10}{'right':>8}{'lost':>7}",
    ]


def _row(name: str, made: Any, size: int, stock: int) -> str:
    report, weights = made.report, made.report["weights"]
    right = 100 * report["compressed"]["metric"]["value"]
    bits = f"{weights['bits_per_weight']:.2f}" if weights else ""
    zeros = f"{weights['zeros']:.0%}" if weights else ""
    return (
        f"  {name:34}{bits:>6}{zeros:>7}{size:>8}{report['float']['bytes'] / size:>9.2f}x{stock / size:>9.2f}x"
        f"{right:>8.2f}{report['drop_points']:>7.2f}"
    )


def _stock_file(case: Case, folder: Path) -> bytes:
    """The stock converter's INT8 file of the original, from the same samples."""
    from edgecomp.export.graph import freeze
    from edgecomp.models import open_model
    from edgecomp.worker import Worker

    opened = open_model(case.model)
    scale = 255 if case.preprocess == "0..1" else 1
    samples = [{opened.inputs[0].name: one[None].astype(np.float32) / scale} for one in case.calibration]
    with Worker(log=folder / "stock.txt") as worker:
        file: bytes = worker.call("edgecomp.export.tflite:convert_graph_stock", freeze(opened), stream=samples)
    return file


def main(arguments: list[str]) -> None:
    """Compares on photos of one's own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="residual")
    parser.add_argument("--epochs", type=int, default=36, help="of the original's own training")
    parser.add_argument("--only", action="append", help="methods, by parts of their names")
    asked = parser.parse_args(arguments)
    kept = Path("bench_out/recovery")
    kept.mkdir(parents=True, exist_ok=True)
    case = photo_case(asked.photos, asked.network, asked.epochs, kept)
    chosen = [name for name in METHODS if not asked.only or not METHODS[name] or any(one in name for one in asked.only)]
    with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as folder:
        print("\n".join(compare(case, Path(folder), {name: METHODS[name] for name in chosen})))


if __name__ == "__main__":
    main(sys.argv[1:])
