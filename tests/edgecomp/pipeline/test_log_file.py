"""A crash in native code while the log takes its output."""

from __future__ import annotations

import signal
import subprocess
import sys

CRASH = """
import os
from pathlib import Path
from rich.console import Console
from edgecomp.pipeline.log_file import native_output_to

with native_output_to(Path("native.log"), Console(stderr=True)):
    os.write(2, b"malloc(): corrupted top size")
    os.abort()
"""


def test_a_crash_in_native_code_is_told_on_the_terminal(tmp_path):
    done = subprocess.run([sys.executable, "-c", CRASH], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in done.stderr
    assert (tmp_path / "native.log").read_text() == "malloc(): corrupted top size"
