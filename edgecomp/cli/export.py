"""`edgecomp export`: a model in another form, for microcontrollers, apps and web hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click
from edgecomp_runtime.cli.common import quiet_natives

from ..errors import InputError
from ..pipeline.output import check_free, staged, writing_to
from ..targets import Target, load_target
from .options import Command

_NAME = "What files and identifiers begin with. [default: the bundle's or the file's name]"
_TARGET = (
    "Microcontroller that it must fit: a name (`edgecomp targets list`) or a YAML file. [default: the bundle's, where "
    "that is one]"
)


def _folder_for(what: str) -> Callable[[Command], Command]:
    """Options that say where what is made goes."""

    def options(command: Command) -> Command:
        place = click.Path(path_type=Path)
        command = click.option("--force", is_flag=True, help="Replace a folder that is not empty.")(command)
        return click.option("--out", required=True, metavar="DIR", type=place, help=f"Folder for the {what}.")(command)

    return options


def _bundle_to(what: str) -> Callable[[Command], Command]:
    """The bundle, and options that say where what is made of it goes."""

    def options(command: Command) -> Command:
        return click.argument("bundle", type=click.Path(path_type=Path))(_folder_for(what)(command))

    return options


@click.group("export")
def command() -> None:
    """Write a model in another form."""


@command.command("c")
@click.argument("file", type=click.Path(path_type=Path))
@_folder_for("source")
@click.option("--name", metavar="NAME", help=_NAME)
@click.option("--target", metavar="NAME", help=_TARGET)
def c_command(file: Path, out: Path, name: str | None, target: str | None, force: bool) -> None:
    """Write FILE, a .tflite or a bundle, as a C array with its constants, for TensorFlow Lite Micro.

    An example program comes with it that has exactly the operators of the model and enough memory to run it.
    """
    from ..c_export import plan_c_export, read_source, render

    check_free(out, force=force)
    source = read_source(file)
    plan = plan_c_export(source, name=name, target=_target(target, source.target))
    with staged(out, force=force) as stage, writing_to(out):
        for filename, text in render(plan).items():
            (stage / filename).write_text(text, encoding="ascii", newline="\n")
    for warning in plan.warnings:
        click.echo(f"warning: {warning}", err=True)
    for filename in sorted(path.name for path in out.iterdir()):
        click.echo(out / filename)
    click.echo(f"{len(plan.model):,} bytes of flash; about {plan.arena_bytes:,} bytes of memory")


@command.command("android")
@_bundle_to("files")
def android_command(bundle: Path, out: Path, force: bool) -> None:
    """Write BUNDLE, a photo classifier, for an Android app: the model with TFLite metadata, and Kotlin classes."""
    _write_app(bundle, "android", out, force=force)


@command.command("ios")
@_bundle_to("files")
def ios_command(bundle: Path, out: Path, force: bool) -> None:
    """Write BUNDLE, a photo classifier, for an iOS app: the model with TFLite metadata, and Swift types."""
    _write_app(bundle, "ios", out, force=force)


@command.command("web")
@_bundle_to("page")
def web_command(bundle: Path, out: Path, force: bool) -> None:
    """Write BUNDLE as a page that any web host can serve, with LiteRT.js beside it."""
    from ..app_export.web import web_files
    from ..phone.litert_js import require_installed

    check_free(out, force=force)
    with quiet_natives():
        files = web_files(bundle, require_installed())
    _write(files, out, force=force)


def _write_app(bundle: Path, platform: str, out: Path, *, force: bool) -> None:
    from ..app_export.render import app_files
    from ..app_export.source import read_app_source

    check_free(out, force=force)
    with quiet_natives():
        files = app_files(read_app_source(bundle), platform)
    _write(files, out, force=force)


def _write(files: Mapping[str, bytes], out: Path, *, force: bool) -> None:
    with staged(out, force=force) as stage, writing_to(out):
        for name, data in files.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_bytes(data)
    for name in sorted(files):
        click.echo(out / name)


def _target(named: str | None, made_for: str | None) -> Target | None:
    """The microcontroller that was named, or the one the bundle was made for; None where it was for another device."""
    if named is not None:
        return load_target(named)
    if made_for is None:
        return None
    try:
        profile = load_target(made_for)
    except InputError:
        return None  # a profile of somebody's own, which is not here
    return profile if profile.micro_kernels else None
