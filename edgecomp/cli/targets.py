"""`edgecomp targets`: the device profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..targets import Target, list_targets, load_target
from .remote_options import ssh_options

if TYPE_CHECKING:
    from ..latency.fitting import Fit
    from ..progress import Steps

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")


@click.group("targets")
def command() -> None:
    """List, show, check and fit device profiles."""


@command.command("list")
@_JSON
def list_command(as_json: bool) -> None:
    """List the profiles that come with edgecomp."""
    targets = list_targets()
    if as_json:
        return _print_json([target.to_dict() for target in targets])
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("device", overflow="fold")
    table.add_column("CPU", overflow="fold")
    for target in targets:
        table.add_row(target.name, target.title, _cpu(target))
    return Console(markup=False).print(table)


@command.command("show")
@click.argument("target", metavar="NAME")
@_JSON
def show_command(target: str, as_json: bool) -> None:
    """Show a profile: NAME as listed, or a YAML file."""
    loaded = load_target(target)
    if as_json:
        return _print_json(loaded.to_dict())
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    console.print(f"{loaded.title} ({loaded.name})", style="bold")
    for section, value in loaded.to_dict().items():
        if section not in ("name", "title"):
            console.print(section, style="bold cyan")
            for line in _lines(value):
                console.print(f"  {line}", soft_wrap=True)
    return None


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check_command(file: Path) -> None:
    """Check a profile of your own; every problem with its file and line."""
    target = load_target(file)
    click.echo(f"{file}: {target.name} is a valid profile ({_cpu(target)}; makes {_makes(target)})")


@command.command("fit")
@click.argument("target", metavar="NAME")
@click.option("--on", "where", default="here", show_default=True, help="here, ssh://user@host[:port], or emulate:CPU.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of the interpreter.")
@click.option("--out", type=click.Path(path_type=Path), help="The profile to write.  [default: NAME-fitted.yaml]")
@click.option("--force", is_flag=True, help="Replace the profile if it is there.")
@ssh_options
def fit_command(
    target: str,
    where: str,
    threads: int,
    out: Path | None,
    force: bool,
    ssh_config: Path | None,
    python: str | None,
) -> None:
    """Fit the latency model to a device, and write a profile with the coefficients.

    Measures some hundred small networks for a minute or two, on this machine or on a device over SSH, where nothing
    else should run. NAME is the profile that the new one extends. On emulate:CPU instructions are counted, which are
    no time yet.
    """
    from rich.console import Console

    from ..latency.fit_target import fit_target
    from ..progress import Steps
    from ..remote.host import is_ssh
    from ..targets.writing import check_writable, write_fitted

    base = load_target(target)
    path = out or Path(f"{base.name.removesuffix('-fitted')}-fitted.yaml")
    check_writable(path, force=force)
    with Steps(Console(stderr=True)) as steps:
        if is_ssh(where):
            found = _fit_there(base, where, threads, steps, ssh_config, python)
        else:
            found = fit_target(base, where, threads=threads, steps=steps)
    written = write_fitted(path, base, found.prediction, force=force)
    click.echo(f"{path}: {written.name}, to be used as --target {_as_path(path)}")
    click.echo(_fitted(found))


def _fit_there(
    base: Target, where: str, threads: int, steps: Steps, ssh_config: Path | None, python: str | None
) -> Fit:
    from dataclasses import replace

    from ..latency.fit_target import fit_target
    from ..remote.dialer import Dialer
    from ..remote.host import Access, parse_host
    from ..remote.timing import time_there

    host = replace(parse_host(where), python=python)
    with Dialer(Access(ssh_config=ssh_config)).connected(host) as device:
        device.bring_package()
        return fit_target(base, lambda files, of: time_there(device, files, of), threads=threads, steps=steps)


def _as_path(path: Path) -> str:
    return str(path) if path.parent != Path() else f"./{path}"


def _fitted(found: Fit) -> str:
    """How well the coefficients explain what was measured."""
    errors = sorted(abs(error) for error in found.errors.values())
    middle = errors[len(errors) // 2]
    return (
        f"{len(errors)} small networks, half of them explained within {middle:.1%}; "
        f"predictions are given a band of {found.prediction.band:.0%}"
    )


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def _cpu(target: Target) -> str:
    cpu = target.cpu
    count = f"{cpu.cores} x " if cpu.cores is not None else ""
    clock = f" {cpu.ghz:g} GHz" if cpu.ghz is not None else ""
    return f"{count}{cpu.model or cpu.isa}{clock}"


def _makes(target: Target) -> str:
    return f"{target.model.default_scheme} with {target.model.default_io} io"


def _lines(value: Any) -> list[str]:
    """A section of a profile as lines: one for each key, or each item of a list."""
    if isinstance(value, dict):
        return [f"{key}: {_short(one)}" for key, one in value.items() if not _is_table(one)] + [
            f"{key}: {_short(row)}" for key, one in value.items() if _is_table(one) for row in one
        ]
    if isinstance(value, list):
        return [_short(one) for one in value]
    return [_short(value)]


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(one)}" for key, one in value.items())
    if isinstance(value, list):
        return " ".join(_short(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
