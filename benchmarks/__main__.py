"""`make bench`: every benchmark in turn, each with its own scratch folder; results also go to bench_out/bench.txt.

python -m benchmarks [NAME ...]
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
from pathlib import Path

NAMES = (
    "startup",
    "runtime_overhead",
    "digits",
    "search",
    "accuracy",
    "convert_time",
    "arm_instructions",
    "transport",
    "low_rank",
    "weight_compression",
    "trained_compression",
)


def main(names: list[str]) -> None:
    """Runs the named benchmarks, or all."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    lines = [f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"]
    print(lines[0], flush=True)
    for name in names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        with tempfile.TemporaryDirectory(prefix="edgecomp-bench-") as folder:
            found = module.measure(Path(folder))
        print("\n".join(found), flush=True)
        lines += found
    out = Path("bench_out")
    out.mkdir(exist_ok=True)
    (out / "bench.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
