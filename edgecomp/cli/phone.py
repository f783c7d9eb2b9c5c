"""`edgecomp phone`: a bundle in a phone's browser, by a link."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from ..errors import InputError, IntegrityError, MeasurementError

if TYPE_CHECKING:
    from ..phone.certificate import Secured
    from ..phone.model_data import ModelData
    from ..phone.result import PhoneResult

_HOST = "The one address to serve on. [default: this machine's on the network]"
_PORT = "[default: a free one]"
_OUT = "Folder for the results. [default: phones/ beside the bundle]"
_HTTP = "Serve without encryption. The phone shows no warning, and has one thread and no camera."
_IDLE = "End after so many minutes without a visit."


@click.command("phone")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--host", metavar="ADDRESS", help=_HOST)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help=_PORT)
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help=_OUT)
@click.option("--http", "plain", is_flag=True, help=_HTTP)
@click.option("--idle", type=click.FloatRange(min=0.01), default=15.0, show_default=True, metavar="MINUTES", help=_IDLE)
@click.option("--once", is_flag=True, help="End with the first result, and with its exit code.")
@click.option("--install", is_flag=True, help="Fetch LiteRT.js with npm, once, and check it.")
def command(
    bundle: Path | None,
    host: str | None,
    port: int,
    out: Path | None,
    plain: bool,
    idle: float,
    once: bool,
    install: bool,
) -> None:
    """Serve BUNDLE as a page that runs it in a phone's browser, and show the link as a QR code.

    The page checks the golden samples, measures latency as `edgecomp-runtime bench` does, and lets you try the model
    with a photo or the camera. What it finds is printed here, kept as a file that `edgecomp compare` reads, and put
    into the report.json beside BUNDLE. Phone and computer have to be in the same network; the internet is not needed.

    With --once the exit code is 4 where the measurement is not valid, and 5 where the golden samples fail.
    """
    from ..phone import litert_js

    if install:
        click.echo(f"LiteRT.js {litert_js.VERSION} is in {litert_js.install()}")
        if bundle is None:
            return
    if bundle is None:
        raise InputError("name a bundle, such as result/bundle.zip")
    seen = _serve(bundle, host, port, out or bundle.resolve().parent / "phones", plain=plain, idle=idle, once=once)
    if once:
        _end_with(seen)


def _serve(
    bundle: Path, host: str | None, port: int, folder: Path, *, plain: bool, idle: float, once: bool
) -> list[PhoneResult]:
    """Serves the page until it is no longer wanted, and shows and keeps what phones send; returns that."""
    from ..phone import litert_js
    from ..phone.address import LOOPBACK, checked, local_address
    from ..phone.certificate import secure
    from ..phone.model_data import read_model_data
    from ..phone.result import read_result
    from ..phone.server import PageServer
    from ..phone.site import packed_files, site_files

    data = read_model_data(bundle)
    litert = litert_js.require_installed()
    files = site_files(data, litert, takes_results=True)
    address = checked(host) if host else local_address()
    # Browsers trust a page from their own machine as it is; from the network only when it comes encrypted.
    secured = None if plain or address.startswith(LOOPBACK[:4]) else secure(address)
    found: queue.SimpleQueue[PhoneResult] = queue.SimpleQueue()
    seen: list[PhoneResult] = []

    def take(sent: bytes) -> None:
        found.put(read_result(sent, data.sha256))

    def done() -> bool:
        while not found.empty():
            seen.append(found.get())
            _show(seen[-1], data, folder, bundle.resolve().parent)
        return once and bool(seen)

    tls = secured.context if secured else None
    with PageServer(address, port, files, take, packed=packed_files(litert), tls=tls) as server:
        _invite(server.link, data.name, secured, idle)
        try:
            if not server.serve_until(done, idle * 60):
                click.echo(f"nobody came for {idle:g} minutes; the page is gone")
        except KeyboardInterrupt:
            click.echo("\nthe page is gone")
    return seen


def _invite(link: str, name: str, secured: Secured | None, idle: float) -> None:
    import segno

    click.echo(f"{name}: open this on a phone in the same network\n")
    segno.make(link, error="l").terminal(compact=True, border=2)
    click.echo(f"\n{link}\n")
    if secured is not None:
        click.echo("The phone warns once, since the certificate is this command's own. Its SHA-256 is")
        click.echo(f"{secured.fingerprint}\n")
    click.echo(f"Results appear here. Ctrl-C ends it; so do {idle:g} minutes without a visit.")


def _show(result: PhoneResult, data: ModelData, folder: Path, beside: Path) -> None:
    from ..phone.keeping import keep, merge
    from ..report.formats import milliseconds

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]{escape(result.name)}[/]")
    if result.failed:
        console.print(f"the model did not run there: {escape(result.failed)}")
        return
    latency, golden = result.bench["latency_ms"], result.bench.get("golden") or {}
    p90 = f", p90 {milliseconds(latency['p90'])}" if latency.get("p90") is not None else ""
    console.print(f"latency p50 {milliseconds(result.p50_ms)}{p90}")
    if result.verified is not None:
        steps = golden.get("max_steps")
        found = "not a number" if steps is None else f"{steps:.3g} steps at the most"
        console.print(f"golden samples {'passed' if result.verified else 'FAILED'}: {found}")
    reasons = "; ".join(map(str, result.bench.get("reasons") or []))
    console.print("VALID" if result.valid else f"INVALID: {escape(reasons)}")
    console.print(f"kept in {escape(str(keep(result, folder)))}")
    merged = merge(result, beside, data.sha256)
    if merged is not None:
        became = f"{merged.path} was left as it was: {merged.note}" if merged.note else f"put into {merged.path}"
        console.print(escape(became))


def _end_with(seen: list[PhoneResult]) -> None:
    if not seen:
        raise MeasurementError("no phone sent a result")
    last = seen[-1]
    if last.failed:
        raise MeasurementError(f"the model did not run on {last.name}: {last.failed}")
    if last.verified is False:
        raise IntegrityError(f"the golden samples fail on {last.name}; do not use the model there")
    if not last.valid:
        raise MeasurementError(f"the measurement on {last.name} is not valid")
