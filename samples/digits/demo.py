"""`make demo`: trains on handwritten digits, converts for a Raspberry Pi 4, and runs the bundle as a device would.

python samples/digits/demo.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
TRAIN = ROOT / "samples" / "digits" / "train.py"
WORK = Path("build/demo")
OUT = Path("demo_out")
BIN = Path(sys.executable).parent
SHOWN_OF_LOG = 30


def say(text: str) -> None:
    """Announces a step."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(program: str, *arguments: str | Path, log: TextIO | None = None) -> None:
    """Shows a command and runs it; the demo ends with the first that fails.

    Args:
        program: a command of the environment that this script runs in.
        arguments: as typed in the current folder.
        log: takes what the command writes on stderr, which is shown only if it fails.
    """
    print("$", program, *arguments, flush=True)
    code = subprocess.run([BIN / program, *arguments], stderr=log).returncode
    if code and log:
        log.seek(0)
        last = log.read().splitlines()[-SHOWN_OF_LOG:]
        print(*last, f"{program} failed; all it said is in {log.name}", sep="\n", file=sys.stderr)
    if code:
        sys.exit(code)


def main(folder: Path) -> None:
    """The whole way once."""
    start = time.monotonic()
    os.chdir(folder)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    say("1. Train a small CNN on scikit-learn's handwritten digits")
    with (WORK / "train.log").open("w+", errors="replace") as log:
        run("python", os.path.relpath(TRAIN), WORK, log=log)
    say("2. Convert it for a Raspberry Pi 4, with at most one point of accuracy to lose")
    run(
        *("edgecomp", "convert", WORK / "digits.keras", "--target", "raspberry-pi-4b"),
        *("--data", WORK / "calibration", "--eval", WORK / "test", "--max-drop", "1", "--stock"),
        *("--out", OUT, "--force"),
    )
    say("3. Run the bundle with the device package, on digits it has never seen")
    photos = [min((WORK / "test" / str(digit)).iterdir()) for digit in (3, 1, 4, 5, 9)]
    run("edgecomp-runtime", "verify", OUT / "bundle.zip")
    run("edgecomp-runtime", "run", OUT / "bundle.zip", *photos, "--top", "2")
    say(f"Done in {time.monotonic() - start:.0f} s. Open {OUT / 'report.html'} in a browser.")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    except KeyboardInterrupt:
        sys.exit(130)
