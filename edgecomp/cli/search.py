"""`edgecomp search`: tries many recipes and shows what none of the others beats; `pick` makes a bundle of a point."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..pipeline.options.searching import PickOptions, SearchOptions
from ..planner.limits import GOALS
from ..quantize.schemes import SCHEMES
from ..study.samplers import SAMPLERS
from .front_text import front_lines
from .options import opening_options, option_from, privacy_options, reading_options
from .shapes import parse_input_shape
from .signing import opened_key, release_options

_search = partial(option_from, SearchOptions)
_pick = partial(option_from, PickOptions)


class _SearchOrPick(click.Group):
    """`search MODEL …` searches; `search pick …` and `search show …` work on what was found."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Takes anything that is no command for the model."""
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Shows the three ways."""
        formatter.write_usage(ctx.command_path, "MODEL [OPTIONS] | pick FOLDER [OPTIONS] | show FOLDER")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options may come before the model, as everywhere else."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("search", cls=_SearchOrPick)
def command() -> None:
    """Try many recipes, on one machine or several, and keep what none of the others beats.

    \b
    edgecomp search model.keras --target raspberry-pi-4b --train photos/ --trials 40 --out search/
    edgecomp search pick search/ --max-drop 1 --out result/

    `edgecomp search run --help` lists the options of a search. Started again it goes on, also after it was killed; the
    same command on another machine, with the same --storage, takes part.
    """


@command.command("run")
@click.argument("model", type=click.Path(path_type=Path))
@_search("out", required=True, metavar="FOLDER", type=click.Path(path_type=Path))
@_search("target", required=True, metavar="NAME")
@_search("data", metavar="SAMPLES")
@_search("train", metavar="SAMPLES")
@_search("evaluation", metavar="SAMPLES")
@_search("trials", type=click.IntRange(min=1), metavar="N")
@_search("epochs", type=click.IntRange(min=1), metavar="N")
@_search("sampler", type=click.Choice(SAMPLERS))
@_search("scheme", type=click.Choice(SCHEMES))
@_search("seed", type=click.IntRange(min=0), metavar="N")
@_search("storage", metavar="FILE|URL")
@_search("study", metavar="NAME")
@reading_options
@opening_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def run(model: Path, input_shape: str | None, as_json: bool, **options: Any) -> None:
    """Search for recipes of MODEL, and print the front."""
    from ..pipeline.search import search

    given = {name: value for name, value in options.items() if value is not None}
    found = search(model, **given, input_shape=parse_input_shape(input_shape), console=Console(stderr=True))
    _print(found.data, as_json=as_json)
    if not as_json:
        click.echo(f"the search lies in {found.folder}; edgecomp search pick {found.folder} --max-drop 1 --out FOLDER")


@command.command("show")
@click.argument("folder", type=click.Path(path_type=Path))
@_search("storage", metavar="FILE|URL")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(folder: Path, storage: str | None, as_json: bool) -> None:
    """Show what the search in FOLDER has found so far, while workers are at it or after."""
    from ..pipeline.pick import shown

    _print(shown(folder, storage), as_json=as_json)


@command.command("pick")
@click.argument("folder", type=click.Path(path_type=Path))
@_pick("out", required=True, metavar="FOLDER", type=click.Path(path_type=Path))
@_pick("max_drop", type=click.FloatRange(min=0), metavar="POINTS")
@_pick("max_latency", type=click.FloatRange(min=0, min_open=True), metavar="MS")
@_pick("max_size", metavar="BYTES")
@_pick("goal", type=click.Choice(GOALS))
@_pick("trial", type=click.IntRange(min=0), metavar="N")
@_pick("storage", metavar="FILE|URL")
@release_options
@privacy_options
@_pick("force", is_flag=True)
def pick(folder: Path, **options: Any) -> None:
    """Make a bundle of the best point in FOLDER within the limits.

    Exit code 3 where no point keeps them; the message says what would do.
    """
    from ..pipeline.pick import pick as picked
    from ..report import summary_lines

    options["sign"] = opened_key(options["sign"])
    given = {name: value for name, value in options.items() if value is not None}
    made = picked(folder, **given, console=Console(stderr=True))
    click.echo(f"trial #{made.trial}: {made.made.summary}")
    click.echo(f"on the samples of the search {made.made.figures.loss_points:.2f} points are lost; measured anew:")
    for line in summary_lines(made.result.report):
        click.echo(line)
    if not made.same:
        click.echo(
            "warning: the file is not the very one of the search: other versions, or another machine's arithmetic"
        )
    click.echo(f"results: {made.result.folder}")


def _print(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(data, indent=1))
        return
    for line in front_lines(data):
        click.echo(line)
