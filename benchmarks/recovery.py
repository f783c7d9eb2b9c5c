"""What training wins back: half of the arithmetic gone and INT8, beside the stock converter's file of the original.

python -m benchmarks.recovery PHOTOS.npz [--network residual|mobile] [--prune 0.5] [--minutes 15] [--unlabelled]

PHOTOS.npz has x_train, y_train, x_test and y_test, as CIFAR-10 and MNIST are often stored. The original is trained once
and kept in bench_out. Accuracy is that of the files in the interpreter, on test photos that nothing was trained,
pruned, calibrated or chosen on. It takes about half an hour for each network, so that `make bench` leaves it out.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from .recovery_networks import NETWORKS, Photos, train_from_nothing

EPOCHS = 36
CPUS = ("cortex-a53", "cortex-a76")


def main(arguments: list[str]) -> None:
    """Trains, converts both ways, and prints a comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="residual")
    parser.add_argument("--prune", default="0.5")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--qat", action="store_true")
    parser.add_argument("--unlabelled", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of the original's own training")
    asked = parser.parse_args(arguments)
    print("\n".join(compare(asked)))


def compare(asked: argparse.Namespace) -> list[str]:
    """Lines for people to read."""
    import edgecomp

    photos = Photos.read(asked.photos)
    folder = Path("bench_out/recovery")
    folder.mkdir(parents=True, exist_ok=True)
    original = trained_original(photos, asked, folder / f"{asked.network}-{asked.photos.stem}-{asked.epochs}.keras")
    train = photos.x_train if asked.unlabelled else (photos.x_train, photos.y_train)
    kind = "unlabelled" if asked.unlabelled else "labels"
    common = {"target": "raspberry-pi-4b", "evaluation": (photos.x_test, photos.y_test), "preprocess": "0..1"}
    console = Console(stderr=True)
    began = time.monotonic()
    made = edgecomp.convert(
        original,
        out=folder / f"{asked.network}-{asked.photos.stem}-{kind}-{asked.prune}-{asked.seed}",
        train=train,
        prune=asked.prune,
        rounds=asked.rounds,
        qat=asked.qat,
        time_budget=60 * asked.minutes,
        stock=True,
        seed=asked.seed,
        force=True,
        console=console,
        **common,
    )
    seconds = time.monotonic() - began
    return [
        f"{asked.network}, {asked.photos.stem}, {kind}: {seconds / 60:.1f} minutes in all",
        *_lines(made, _stock_file(original, photos, folder)),
    ]


def _lines(made: Any, stock_file: bytes) -> list[str]:
    report = made.report
    accuracy = {name: 100 * report[name]["metric"]["value"] for name in ("float", "stock", "compressed")}
    trained = [
        f"  {one['name']}: {one['metric']} {one['before']:.3f} -> {one['after']:.3f}, {one['seconds']:.0f} s"
        for one in report["training"]
    ]
    macs, ours, stock = report["pruning"]["macs"], report["compressed"], report["stock"]
    return [
        *trained,
        f"  accuracy: float {accuracy['float']:.2f}, stock int8 {accuracy['stock']:.2f}, "
        f"pruned int8 {accuracy['compressed']:.2f}: {accuracy['float'] - accuracy['compressed']:.2f} points lost "
        f"({report['float']['metric']['n']} photos)",
        f"  MACs: {1 - macs['after'] / macs['before']:.1%} gone; bytes: {stock['bytes'] / ours['bytes']:.2f}x smaller "
        f"than the stock file, gzip {stock['gzip_bytes'] / ours['gzip_bytes']:.2f}x",
        *instruction_lines(made, stock_file),
    ]


def instruction_lines(made: Any, stock: bytes) -> list[str]:
    """What a result needs on emulated ARM CPUs, beside the stock converter's file."""
    from edgecomp.emulate import EmulationError, count_instructions
    from edgecomp.errors import InputError

    files = {"ours": made.model.read_bytes(), "stock": stock}
    lines = []
    for cpu in CPUS:
        try:
            counts = {name: one.instructions for name, one in count_instructions(files, cpu).items()}
        except (EmulationError, InputError) as error:
            return [f"  no ARM instructions counted: {error}"]
        ours, theirs = counts["ours"], counts["stock"]
        lines.append(f"  {cpu}: {theirs / ours:.2f}x fewer instructions ({ours:,} instead of {theirs:,})")
    return lines


def _stock_file(original: Path, photos: Photos, folder: Path) -> bytes:
    """The stock converter's INT8 file of the original, from 200 of the same photos."""
    from edgecomp.export.graph import freeze
    from edgecomp.models import open_model
    from edgecomp.worker import Worker

    opened = open_model(original)
    scaled = photos.x_train[:: len(photos.x_train) // 200].astype(np.float32) / 255
    samples = [{opened.inputs[0].name: one[None]} for one in scaled]
    with Worker(log=folder / "stock.txt") as worker:
        file: bytes = worker.call("edgecomp.export.tflite:convert_graph_stock", freeze(opened), stream=samples)
    return file


def trained_original(photos: Photos, asked: argparse.Namespace, path: Path) -> Path:
    """The network to convert, trained where it is not kept."""
    if not path.exists():
        model = NETWORKS[asked.network](photos.x_train.shape[1:])
        train_from_nothing(model, photos, epochs=asked.epochs, flip="mnist" not in asked.photos.stem)
        model.save(path)
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
