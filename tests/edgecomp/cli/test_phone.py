"""`edgecomp phone` from link to exit code, with a phone that is played by an HTTP client."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime.errors import InputError

from edgecomp.phone import litert_js

from ...browser.phone_bundles import convolution, write_bundle
from ..phone.test_result import sent

LINK = re.compile(r"https?://\S+/")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        litert_js.install()
    except InputError as error:
        pytest.skip(f"LiteRT.js is not to be had here: {error}")
    return write_bundle(tmp_path_factory.mktemp("bundle") / "bundle.zip", convolution())


def phone(bundle: Path, result: dict[str, Any] | None, *options: str) -> tuple[int, str, str]:
    """Runs the command, opens its link, and sends a result; its exit code, output and messages."""
    command = [sys.executable, "-m", "edgecomp.cli.main", "phone", str(bundle), "--host", "127.0.0.1", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        if result is not None:
            assert process.stdout is not None
            link, deadline = None, time.monotonic() + 120
            shown = ""
            while link is None and time.monotonic() < deadline:
                shown += (line := process.stdout.readline())
                link = LINK.search(line)
            assert link, shown
            with urllib.request.urlopen(f"{link[0]}model/model.json", timeout=120) as answer:
                digest = json.load(answer)["sha256"]
            body = json.dumps({**result, "model_sha256": digest}).encode()
            urllib.request.urlopen(urllib.request.Request(f"{link[0]}results", body), timeout=120).close()
        out, error = process.communicate(timeout=120)
        return process.returncode, out, error
    finally:
        process.kill()


def test_a_result_is_shown_kept_and_ends_the_command(bundle: Path, tmp_path: Path) -> None:
    code, out, _ = phone(bundle, sent(), "--once", "--out", str(tmp_path))
    assert code == 0
    assert "Pixel 8, Chrome 130, wasm-threads" in out
    assert "VALID" in out
    assert "golden samples passed" in out
    (kept,) = tmp_path.iterdir()
    assert json.loads(kept.read_text())["latency_ms"]["p50"] == 4.5


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"valid": False, "reasons": ["tab hidden: [red]x"]}, 4, "is not valid"),
        ({"golden": {"passed": False, "max_steps": 90.0}}, 5, "the golden samples fail"),
        ({"failed": "no memory"}, 4, "the model did not run"),
    ],
)
def test_with_once_the_exit_code_is_the_results(
    bundle: Path, tmp_path: Path, changes: dict[str, Any], code: int, said: str
) -> None:
    ended, _, error = phone(bundle, sent(**changes), "--once", "--out", str(tmp_path))
    assert ended == code
    assert said in error


def test_it_ends_by_itself(bundle: Path) -> None:
    code, out, _ = phone(bundle, None, "--idle", "0.01")
    assert code == 0
    assert "nobody came" in out
    assert "█" in out or "▀" in out  # the QR code
