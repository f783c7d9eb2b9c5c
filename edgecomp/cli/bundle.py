"""`edgecomp bundle`: a bundle made ready to hand out, with a version and a signature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .signing import opened_key, release_options

if TYPE_CHECKING:
    from ..bundle.offline import WheelPlan

_LIMIT = "Median latency in milliseconds above which a device does not install it."
_ENDORSEMENT = "An older key's word for --sign's, which `edgecomp keys endorse` writes."
_WHEELS = "Put in what a board without a network needs: an interpreter, NumPy, Pillow. cp311-aarch64[,cp39-armv7l]"
_FORMAT = "A bundle; or what installs it with one command: a shell script, or a Debian package."


@click.command("bundle")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The bundle to write.")
@release_options
@click.option("--latency-limit", type=float, metavar="MS", help=_LIMIT)
@click.option("--endorsement", metavar="FILE", type=click.Path(path_type=Path), help=_ENDORSEMENT)
@click.option("--with-wheels", metavar="TAGS", help=_WHEELS)
@click.option("--format", "kind", type=click.Choice(["zip", "sh", "deb"]), default="zip", help=_FORMAT)
@click.option("--allow-unsigned", is_flag=True, help="Make an sh or deb that installs an unsigned bundle.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    source: Path,
    out: Path,
    sign: Path | None,
    version: int | None,
    latency_limit: float | None,
    endorsement: Path | None,
    with_wheels: str | None,
    kind: str,
    allow_unsigned: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the bundle of SOURCE, a folder of `edgecomp convert` or another bundle, anew.

    \b
    edgecomp bundle result/ --version 3 --sign signing.key --out flowers-3.zip

    Version and latency limit stay what they were unless they are given; a signature is made only with --sign. The same
    SOURCE, options and version of edgecomp give the same bytes, on any day and in any folder.
    """
    from edgecomp_runtime.bundle.endorsement import read_endorsement

    from ..bundle import Release, open_packed, repack
    from ..bundle.formats import as_format, with_packages
    from ..bundle.offline import parse_tags, plan_wheels
    from ..bundle.writing import check_writable, write_new

    check_writable(out, force=force)
    plans = [plan_wheels(tag) for tag in parse_tags(with_wheels)] if with_wheels is not None else []
    packed = open_packed(source)
    before = packed.manifest
    release = Release(
        version=before.version if version is None else version,
        latency_limit_ms=before.latency_limit_ms if latency_limit is None else latency_limit,
        sign=opened_key(sign),
        endorsement=None if endorsement is None else read_endorsement(endorsement),
    )
    if plans or kind != "zip":
        packed = with_packages(packed, _fetched(plans))
    made = as_format(repack(packed, release), kind, release.sign, allow_unsigned=allow_unsigned)
    write_new(out, made, force=force)
    if before.key is not None and release.sign is None:
        click.echo(f"note: {source} is signed by {before.key}; {out} is not signed (--sign KEY signs it)", err=True)
    _print(_told(out, made, release.version, release.sign.public.fingerprint if release.sign else None), as_json)


def _fetched(plans: Sequence[WheelPlan]) -> dict[str, bytes]:
    from rich.console import Console

    from ..bundle.offline import fetch_wheels
    from ..progress import Steps

    if not plans:
        return {}
    notes: list[str] = []
    with Steps(Console(stderr=True)) as steps, steps.step("wheels", "fetching wheels") as step:
        wheels = fetch_wheels(plans, notes.append, lambda text: step.now(f"fetching {text}"))
    for one in notes:
        click.echo(f"note: {one}", err=True)
    return wheels


def _told(out: Path, made: bytes, version: int, key: str | None) -> dict[str, Any]:
    digest = hashlib.sha256(made).hexdigest()
    return {"path": str(out), "bytes": len(made), "sha256": digest, "version": version, "key": key}


def _print(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return click.echo(json.dumps(told, indent=1))
    signer = f"signed by {told['key']}" if told["key"] else "not signed"
    click.echo(f"{told['path']}: {told['bytes']:,} bytes, version {told['version']}, {signer}")
    click.echo(f"sha256 {told['sha256']}")
    return None
