"""`edgecomp keys`: the keys that sign bundles."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .signing import opened_key

DEFAULT_FOLDER = Path("~/.config/edgecomp/keys")

_OUT = f"Folder for both files. [default: {DEFAULT_FOLDER}]"
_NAME = "Name of the files, and of the key. [default: signing]"
_BY = "Private key that devices trust already."


@click.group("keys")
def command() -> None:
    """Make, show and endorse the keys that sign bundles."""


@command.command("new")
@click.option("--out", metavar="FOLDER", type=click.Path(path_type=Path), help=_OUT)
@click.option("--name", metavar="NAME", default="signing", help=_NAME)
def new_command(out: Path | None, name: str) -> None:
    """Make a key: NAME.key, which signs and stays here, and NAME.pub, which goes to the devices."""
    from edgecomp_runtime.bundle.public_key import read_public_key

    from ..keys import new_key

    private, public = new_key((out or DEFAULT_FOLDER).expanduser(), name)
    click.echo(f"private key: {private} (keep it to yourself, and keep a copy: it cannot be made again)")
    click.echo(f"public key:  {public} (on each device: edgecomp-runtime trust add {public.name})")
    click.echo(f"fingerprint: {read_public_key(public).fingerprint}")


@command.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def show_command(file: Path, as_json: bool) -> None:
    """Show the public half of a key: FILE is either half, an endorsement, or a signed bundle's folder or zip."""
    from ..keys.showing import show

    shown = show(file, opened_key)
    if as_json:
        return click.echo(json.dumps(shown.to_dict(), indent=1))
    click.echo(f"{shown.kind}: {shown.fingerprint} {shown.comment}".rstrip())
    if shown.line:
        click.echo(shown.line)
    if shown.endorsed_by:
        click.echo(f"endorsed by {shown.endorsed_by}")
    return None


@command.command("endorse")
@click.argument("new", metavar="NEW.pub", type=click.Path(path_type=Path))
@click.option("--sign", required=True, metavar="KEY", type=click.Path(path_type=Path), help=_BY)
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Where to write it.")
def endorse_command(new: Path, sign: Path, out: Path) -> None:
    """Let a key that devices trust vouch for a new one, NEW.pub.

    \b
    Devices take the new key either way:
      edgecomp bundle … --sign NEW.key --endorsement FILE     with the next bundle that is installed
      edgecomp-runtime trust add FILE                         by itself
    """
    from edgecomp_runtime.bundle.public_key import read_public_key

    from ..bundle.writing import write_new
    from ..keys import endorse

    old = opened_key(sign)
    assert old is not None
    endorsement = endorse(read_public_key(new), old)
    write_new(out, json.dumps(endorsement.to_dict(), indent=1).encode() + b"\n")
    click.echo(f"{out}: {old.public.fingerprint} endorses {endorsement.key.fingerprint}")
