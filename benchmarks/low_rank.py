"""What layers of low rank cost: 40, 50 and 60% of the parameters gone, before and after a short training.

python -m benchmarks.low_rank PHOTOS.npz --model MODEL.keras [--epochs 3]

PHOTOS.npz has x_train, y_train, x_test and y_test, as CIFAR-10 and MNIST are often stored. Accuracy is that of the INT8
files in the interpreter, on test photos that nothing was trained, fitted, calibrated or chosen on. Without arguments,
`python -m benchmarks low_rank` does the same with scikit-learn's handwritten digits.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .recovery_networks import Photos

SHARES = (0.4, 0.5, 0.6)
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """What became of a network at one share of parameters to remove.

    Args:
        params: share of the parameters that went.
        macs: share of the multiply-accumulates that went.
        float_accuracy: of the float file of the original; between 0 and 1, as the next two.
        before: of the INT8 file, fitted to samples and not trained.
        after: of the INT8 file, trained.
        gzip_ratio: the float file's gzipped size by that of the trained file.
        seconds: the training took.
    """

    params: float
    macs: float
    float_accuracy: float
    before: float
    after: float
    gzip_ratio: float
    seconds: float


def measure(folder: Path) -> list[str]:
    """Trains a network for digits and writes it with lower ranks.

    Returns:
        lines for people to read: a table.
    """
    trainer = _digits_trainer()
    images, labels = trainer.load_images()
    cut = 1200
    model = trainer.train(images[:cut], labels[:cut])
    photos = Photos(images[:cut, ..., None], labels[:cut], images[cut:, ..., None], labels[cut:])
    return table("digits", [row(model, photos, share, folder, epochs=10) for share in SHARES])


def row(model: Any, photos: Photos, share: float, folder: Path, *, epochs: int, seed: int = 0) -> Row:
    """Removes a share of the parameters by lower ranks, without training and with it.

    Args:
        model: a Keras model or its file, for photos between 0 and 1.
        photos: fitted, trained and calibrated on, and judged by.
        share: of the parameters.
        folder: for the results.
        epochs: of training.
        seed: of everything random.
    """
    import edgecomp

    common = {
        "target": "raspberry-pi-4b",
        "preprocess": "0..1",
        "effort": "low",
        "evaluation": (photos.x_test, photos.y_test),
        "low_rank": f"params={share}",
        "seed": seed,
        "force": True,
    }
    few = photos.x_train[:: max(1, len(photos.x_train) // 200)]
    before = edgecomp.convert(model, data=few, out=folder / f"fitted-{share}", **common).report
    train = (photos.x_train, photos.y_train)
    after = edgecomp.convert(model, train=train, epochs=epochs, out=folder / f"trained-{share}", **common).report
    params, macs = (after["low_rank"][name] for name in ("params", "macs"))
    return Row(
        params=1 - params["after"] / params["before"],
        macs=1 - macs["after"] / macs["before"],
        float_accuracy=after["float"]["metric"]["value"],
        before=before["compressed"]["metric"]["value"],
        after=after["compressed"]["metric"]["value"],
        gzip_ratio=after["float"]["gzip_bytes"] / after["compressed"]["gzip_bytes"],
        seconds=sum(one["seconds"] for one in after["training"]),
    )


def table(name: str, rows: list[Row]) -> list[str]:
    """Lines for people to read."""
    titles = ("params gone", "MACs gone", "float", "fitted", "trained", "lost", "gzip", "train")
    widths = (13, 11, 8, 8, 9, 7, 8, 8)
    lines = [
        f"low rank, {name}: accuracy of INT8 files in percent, fitted to samples and then trained",
        "".join(f"{title:>{width}}" for title, width in zip(titles, widths, strict=True)),
    ]
    for one in rows:
        accuracies = (100 * value for value in (one.float_accuracy, one.before, one.after))
        float_accuracy, before, after = accuracies
        lines.append(
            f"{one.params:13.1%}{one.macs:11.1%}{float_accuracy:8.2f}{before:8.2f}{after:9.2f}"
            f"{float_accuracy - after:7.2f}{one.gzip_ratio:7.1f}x{one.seconds:6.0f} s"
        )
    return lines


def main(arguments: list[str]) -> None:
    """Measures a model of one's own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--share", type=float, action="append", help=f"of the parameters; {SHARES} by default")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    photos, folder = Photos.read(asked.photos), Path("bench_out/low_rank")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        row(asked.model, photos, share, folder, epochs=asked.epochs, seed=asked.seed) for share in asked.share or SHARES
    ]
    print("\n".join(table(asked.model.stem, rows)))


def _digits_trainer() -> Any:
    path = ROOT / "samples" / "digits" / "train.py"
    spec = importlib.util.spec_from_file_location("digits_train", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1:])
