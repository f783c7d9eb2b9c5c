"""`edgecomp profile`: latency and memory of a file."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import InputError


@click.command("profile")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--on", "where", default="here", show_default=True, help="Where to measure; this version knows: here.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of the interpreter.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="How long to measure.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(file: Path, where: str, threads: int, seconds: float, as_json: bool) -> None:
    """Measure the latency and memory of FILE, a .tflite or a bundle, as `edgecomp-runtime bench` does on a device."""
    if where != "here":
        raise InputError(
            f"--on {where}: this version measures only 'here'; on a board, run edgecomp-runtime bench there"
        )
    from edgecomp_runtime.cli import main as runtime

    arguments = ["bench", str(file), "--threads", str(threads), "--seconds", str(seconds)]
    code = runtime([*arguments, "--json"] if as_json else arguments)
    raise SystemExit(code)
