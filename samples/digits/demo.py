"""`make demo`: trains on handwritten digits, converts for a Raspberry Pi 4, and runs the bundle as a device would.

    python samples/digits/demo.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "demo"
OUT = ROOT / "demo_out"
BIN = Path(sys.executable).parent


def say(text: str) -> None:
    """Announces a step."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(*command: str | Path) -> None:
    """Shows a command and runs it; the demo ends with the first that fails."""
    print("$", *(_short(part) for part in command), flush=True)
    code = subprocess.run([str(part) for part in command], cwd=ROOT).returncode
    if code:
        sys.exit(code)


def _short(part: str | Path) -> str:
    """A path as a person in the project's root would type it."""
    text = str(part)
    return text.removeprefix(f"{BIN}/").removeprefix(f"{ROOT}/")


def main() -> None:
    """The whole way once."""
    start = time.monotonic()
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    say("1. Train a small CNN on scikit-learn's handwritten digits")
    run(sys.executable, ROOT / "samples" / "digits" / "train.py", WORK)
    say("2. Convert it for a Raspberry Pi 4, with at most one point of accuracy to lose")
    run(
        *(BIN / "edgecomp", "convert", WORK / "digits.keras", "--target", "raspberry-pi-4b"),
        *("--data", WORK / "calibration", "--eval", WORK / "test", "--max-drop", "1", "--stock"),
        *("--out", OUT, "--force"),
    )
    say("3. Run the bundle with the device package, on digits it has never seen")
    photos = [next(iter(sorted((WORK / "test" / str(digit)).iterdir()))) for digit in (3, 1, 4, 1, 5, 9)]
    run(BIN / "edgecomp-runtime", "verify", OUT / "bundle.zip")
    run(BIN / "edgecomp-runtime", "run", OUT / "bundle.zip", *dict.fromkeys(photos), "--top", "2")
    say(f"Done in {time.monotonic() - start:.0f} s. Open demo_out/report.html in a browser.")


if __name__ == "__main__":
    main()
