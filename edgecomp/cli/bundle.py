"""`edgecomp bundle`: a bundle made ready to hand out, with a version and a signature."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .signing import opened_key, release_options

if TYPE_CHECKING:
    from ..bundle import PackedModel, Release
    from ..bundle.offline import WheelPlan

_LIMIT = "Median latency in milliseconds above which a device does not install it."
_ENDORSEMENT = "An older key's word for --sign's, which `edgecomp keys endorse` writes."
_DELTA = "A bundle that devices have: of the new one, only what differs is written."
_RUNTIME = "Put in the device package, for a device that lacks it. --with-wheels, sh and deb do that anyway."
_WHEELS = "Put in what a board without a network needs: an interpreter, NumPy, Pillow. cp311-aarch64[,cp39-armv7l]"
_FORMAT = "A bundle; or what installs it with one command: a shell script, or a Debian package."


@click.command("bundle")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", required=True, metavar="FILE", type=click.Path(path_type=Path), help="The bundle to write.")
@release_options
@click.option("--latency-limit", type=float, metavar="MS", help=_LIMIT)
@click.option("--endorsement", metavar="FILE", type=click.Path(path_type=Path), help=_ENDORSEMENT)
@click.option("--delta-from", metavar="OLD", type=click.Path(path_type=Path), help=_DELTA)
@click.option("--with-runtime", is_flag=True, help=_RUNTIME)
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
    delta_from: Path | None,
    with_runtime: bool,
    with_wheels: str | None,
    kind: str,
    allow_unsigned: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the bundle of SOURCE, a folder of `edgecomp convert` or another bundle, anew.

    \b
    edgecomp bundle result/ --version 3 --sign signing.key --out flowers-3.zip
    edgecomp bundle newer/ --version 4 --sign signing.key --delta-from flowers-3.zip --out flowers-3-to-4.zip

    Version and latency limit stay what they were unless they are given; a signature is made only with --sign. The same
    SOURCE, options and version of edgecomp give the same bytes, on any day and in any folder.
    """
    from edgecomp_runtime.bundle.endorsement import read_endorsement

    from ..bundle import Release, open_base, open_packed
    from ..bundle.formats import as_format, with_packages
    from ..bundle.formats import with_runtime as put_runtime_in
    from ..bundle.offline import parse_tags, plan_wheels
    from ..bundle.writing import check_writable, write_new

    check_writable(out, force=force)
    if delta_from is not None and kind != "zip":
        raise InputError(
            f"--format {kind} is for devices that have nothing yet, and a delta for those that have {delta_from}"
        )
    plans = [plan_wheels(tag) for tag in parse_tags(with_wheels)] if with_wheels is not None else []
    packed = open_packed(source)
    before = packed.manifest
    release = Release(
        version=before.version if version is None else version,
        latency_limit_ms=before.latency_limit_ms if latency_limit is None else latency_limit,
        sign=opened_key(sign),
        endorsement=None if endorsement is None else read_endorsement(endorsement),
        base=None if delta_from is None else open_base(delta_from),
    )
    if plans or kind != "zip":
        packed = with_packages(packed, _fetched(plans))
    elif with_runtime:
        packed = put_runtime_in(packed)
    made = as_format(_sealed(packed, release), kind, release.sign, allow_unsigned=allow_unsigned)
    write_new(out, made, force=force)
    if before.key is not None and release.sign is None:
        click.echo(f"note: {source} is signed by {before.key}; {out} is not signed (--sign KEY signs it)", err=True)
    _print(_told(out, made, release), as_json)


def _sealed(packed: PackedModel, release: Release) -> bytes:
    from rich.console import Console

    from ..bundle import repack
    from ..progress import Steps

    with Steps(Console(stderr=True)) as steps, steps.step("pack", "packing"):
        return repack(packed, release)


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


def _told(out: Path, made: bytes, release: Release) -> dict[str, Any]:
    return {
        "path": str(out),
        "bytes": len(made),
        "sha256": hashlib.sha256(made).hexdigest(),
        "version": release.version,
        "key": None if release.sign is None else release.sign.public.fingerprint,
        "delta_from": None if release.base is None else release.base.manifest.version,
    }


def _print(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return click.echo(json.dumps(told, indent=1))
    signer = f"signed by {told['key']}" if told["key"] else "not signed"
    delta = f" (what differs from version {told['delta_from']})" if told["delta_from"] is not None else ""
    click.echo(f"{told['path']}: {told['bytes']:,} bytes, version {told['version']}{delta}, {signer}")
    click.echo(f"sha256 {told['sha256']}")
    return None
