"""Frames out of an ffmpeg process."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence

from ..errors import InputError
from ..inputs import Item
from .pipe import photo_items


def ffmpeg_frames(source: Sequence[str], name: str) -> Generator[Item, None, None]:
    """Runs ffmpeg and gives its frames; it is ended when the generator is closed.

    Args:
        source: ffmpeg's options up to and with the input.
        name: of the input, for messages.

    Raises:
        InputError: ffmpeg is not installed, or cannot read the input; says why.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise InputError(f"{name}: there is no ffmpeg to read it with; run: sudo apt install ffmpeg")
    # PPM carries its own size, and costs nothing to decode.
    command = [program, "-nostdin", "-v", "error", *source, "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-"]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None
            yield from photo_items(process.stdout, name)
            if process.wait():
                errors.seek(0)
                lines = errors.read().decode(errors="replace").split("\n")
                said = next(
                    (line.strip() for line in reversed(lines) if line.strip()), f"exit code {process.returncode}"
                )
                raise InputError(f"{name}: ffmpeg cannot read it ({said[:300]})")
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
