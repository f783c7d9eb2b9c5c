"""A stand-in for adb with one phone behind it, which is a folder: there is no Android phone here.

It takes the few commands that are sent, runs them in a local shell with the phone's paths bent into the folder, and
fails as adb fails (words and exit codes of adb 29 without a phone).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

BENT = ("/data/local/tmp", "/sys/devices/system/cpu", "/proc/meminfo")


def bent(text: str, root: Path) -> str:
    """A command, or a path, with the phone's folders in ours."""
    for path in BENT:
        text = text.replace(path, f"{root}{path}")
    return text


def gone(serial: str) -> int:
    """What adb says when the phone has gone."""
    print(f"error: device '{serial}' not found", file=sys.stderr)
    return 1


def main(arguments: list[str]) -> int:
    root = Path(os.environ["STAND_IN_PHONE"])
    if arguments == ["devices"]:
        print("List of devices attached\n" + (root / "devices").read_text() + "\n")
        return 0
    _, serial, verb, *rest = arguments
    with (root / "log").open("a") as log:
        log.write(" ".join([verb, *rest]) + "\n")
    unplugged = (root / "unplugged_at").read_text() if (root / "unplugged_at").exists() else None
    if (root / "unplugged").exists():
        return gone(serial)
    if verb == "push":
        if (root / "full").exists():
            print(
                f"adb: error: failed to copy '{rest[0]}' to '{rest[1]}': remote No space left on device",
                file=sys.stderr,
            )
            return 1
        shutil.copyfile(rest[0], bent(rest[1], root))
        if rest[1].endswith("/benchmark_model"):  # a program for Android does not run here
            shutil.copyfile(root / "program", bent(rest[1], root))
        return 0
    environment = {**os.environ, "PATH": f"{root / 'bin'}:/usr/bin:/bin", "STAND_IN_PHONE": str(root)}
    ended = subprocess.run(["sh", "-c", bent(rest[0], root)], capture_output=True, text=True, env=environment)
    if unplugged and unplugged in rest[0]:
        (root / "unplugged").touch()
        sys.stdout.write(ended.stdout[: len(ended.stdout) // 2])
        return 1
    sys.stdout.write(ended.stdout.replace("\n", "\r\n") if (root / "old").exists() else ended.stdout)
    return 0 if (root / "old").exists() else ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
