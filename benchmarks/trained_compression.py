"""What weights take that a network was trained to have few of, or cheap ones: sizes in transport form, and accuracy.

python -m benchmarks trained_compression                               keywords by several methods, before and after
python -m benchmarks.trained_compression [PHOTOS.npz] [--network residual|mobile] [--minutes 15]
    [--prune 0.65] [--sparsity 0.5] [--cluster auto|4|bits=1.35] [--qat]

Keywords, generated here, without PHOTOS.npz; else that has x_train, y_train, x_test and y_test. The original is trained
once and kept in bench_out. Accuracy is that of the files in the interpreter, on test samples that nothing was trained,
calibrated or chosen on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .keyword_network import utterances
from .recovery_networks import NETWORKS, Photos
from .weight_compression import KEYWORDS, compare, keyword_case, photo_case

FOR_PHOTOS = {"sparsity": "0.5", "cluster": "bits=1.35", "qat": True}
FOR_KEYWORDS = {"prune": "0.6", "cluster": "5", "qat": True}
"""What is done where nothing else is asked for: chosen on held-out training samples."""

MINUTES = 2.0
"""Of each training in `make bench`."""

METHODS: Mapping[str, Mapping[str, Any]] = {
    "half of the weights zero": {"sparsity": 0.5},
    "70% of the weights zero": {"sparsity": 0.7},
    "90% of the weights zero": {"sparsity": 0.9},
    "16 values a layer": {"cluster": 16, "qat": True},
    "2 bits a weight": {"cluster": "bits=2", "qat": True},
    "half zero, 2 bits": {"sparsity": 0.5, "cluster": "bits=2", "qat": True},
    "60% fewer operations, 5 values": FOR_KEYWORDS,
}
"""What `make bench` compares, each before and after training."""


def measure(folder: Path) -> list[str]:
    """Trains the keyword network, and again by each method.

    Returns:
        lines for people to read: a table.
    """
    case, train = keyword_case(folder / "keyword.keras"), utterances(KEYWORDS, seed=1)
    methods: dict[str, Mapping[str, Any]] = {"int8 as it is": {}}
    for name, options in METHODS.items():
        if "prune" not in options:
            methods[name] = {one: value for one, value in options.items() if one != "qat"}
        methods[f"{name}, trained"] = {"train": train, "time_budget": 60 * MINUTES, **options}
    return [f"Trained for {MINUTES:g} minutes each:", *compare(case, folder, methods)]


def main(arguments: list[str]) -> None:
    """Trains, converts and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="residual")
    parser.add_argument("--epochs", type=int, default=36, help="of the original's own training")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--passes", type=int, help="over the samples in each training, at most")
    parser.add_argument("--prune")
    parser.add_argument("--sparsity")
    parser.add_argument("--cluster")
    parser.add_argument("--qat", action="store_true", default=None)
    parser.add_argument("--unlabelled", action="store_true")
    asked = parser.parse_args(arguments)
    kept = Path("bench_out/recovery")
    kept.mkdir(parents=True, exist_ok=True)
    if asked.photos is None:
        case, train = keyword_case(kept / "keyword.keras"), utterances(KEYWORDS, seed=1)
    else:
        case = photo_case(asked.photos, asked.network, asked.epochs, kept)
        photos = Photos.read(asked.photos)
        train = photos.x_train, photos.y_train
    wanted = {name: getattr(asked, name) for name in ("prune", "sparsity", "cluster", "qat") if getattr(asked, name)}
    wanted = wanted or (FOR_KEYWORDS if asked.photos is None else FOR_PHOTOS)
    options: dict[str, Any] = {
        "train": train[0] if asked.unlabelled else train,
        "time_budget": 60 * asked.minutes,
        "epochs": asked.passes,
        **wanted,
    }
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as folder:
        name = ", ".join(f"{name} {value}" for name, value in wanted.items() if value)
        lines = compare(case, Path(folder), {"int8 as it is": {}, name: options})
    print("\n".join([*lines, f"  {(time.monotonic() - began) / 60:.1f} minutes in all"]))


if __name__ == "__main__":
    main(sys.argv[1:])
