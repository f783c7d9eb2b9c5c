"""`edgecomp deploy`: a bundle onto devices, over SSH; what they have; and back to what they had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .remote_options import ssh_options

if TYPE_CHECKING:
    from ..remote.deploy import Delivery, Deployed
    from ..remote.rollout import Outcome
    from .deploying.order import Order

FORMATS = ("ansible", "oci")
_DELTA = "A delta bundle of the same release, for the devices that have what it builds on."


@click.command("deploy")
@click.argument("arguments", nargs=-1, metavar="[BUNDLE] [ssh://HOST]...")
@click.option(
    "--inventory", "-i", type=click.Path(path_type=Path), help="Devices: a YAML file, or Ansible's inventory."
)
@click.option("--limit", multiple=True, metavar="NAME", help="Of the inventory this device or group only; repeatable.")
@click.option("--canary", type=click.IntRange(min=0), help="So many devices first.  [default: 1 of several]")
@click.option("--parallel", type=click.IntRange(min=1), default=10, show_default=True, help="So many at once.")
@click.option("--keep-going", is_flag=True, help="Do not stop at the first device that fails (canaries always do).")
@click.option("--allow-unsigned", is_flag=True, help="Let devices take a bundle that nobody signed.")
@click.option("--allow-downgrade", is_flag=True, help="Let devices take an older version than they have.")
@click.option("--with-wheels", is_flag=True, help="Let devices use the Python packages that the bundle brings.")
@click.option("--delta", metavar="FILE", type=click.Path(path_type=Path), help=_DELTA)
@click.option("--bench/--no-bench", default=True, help="Measure after the installation.  [default: bench]")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="How long to measure.")
@click.option("--status", is_flag=True, help="Show which device has what, and change nothing.")
@click.option("--rollback", metavar="NAME", help="Go back to the bundle of that model that devices had before.")
@click.option("--trust", metavar="FILE", type=click.Path(path_type=Path), help="Let devices take what that key signs.")
@click.option("--format", type=click.Choice(FORMATS), help="Write what a fleet's own manager takes, to --out.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder that --format writes.")
@click.option("--force", is_flag=True, help="Replace --out if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@ssh_options
def command(arguments: tuple[str, ...], **options: Any) -> None:
    """Put BUNDLE on devices over SSH.

    On each the bundle is sent (a broken upload goes on where it stopped), checked and proved by the device's own
    `edgecomp-runtime install`, and measured. A device that refuses it keeps what it had. Of several devices the first
    is a canary: the others begin when it has the bundle. What they measured goes into the report.json beside BUNDLE.

    \b
      edgecomp deploy bundle.zip ssh://pi@kitchen.local
      edgecomp deploy bundle.zip --inventory fleet.yaml --parallel 20
      edgecomp deploy flowers-4.zip --delta flowers-3-to-4.zip --inventory fleet.yaml
      edgecomp deploy --status --inventory fleet.yaml
      edgecomp deploy --rollback digits ssh://pi@kitchen.local
      edgecomp deploy --trust signing.pub --inventory fleet.yaml
      edgecomp deploy bundle.zip --format ansible --out playbook/
    """
    from .deploying.order import read_order

    order = read_order(arguments, options)
    if order.action == "format":
        _write(order, options)
    elif order.action == "status":
        _status(order)
    elif order.action == "rollback":
        _roll_back(order, options["rollback"])
    elif order.action == "trust":
        _trust(order, options["trust"])
    else:
        _deploy(order, options)


def _deploy(order: Order, options: dict[str, Any]) -> None:
    from ..progress import Step
    from ..remote.deploy import deploy
    from ..remote.dialer import Dialer
    from ..remote.host import Host
    from ..remote.profile import bytes_of
    from .deploying.devices import on_all, show
    from .deploying.tables import deployed_table

    delivery = _delivery(order, options)

    def action(host: Host, dialer: Dialer, step: Step) -> Deployed:
        if len(order.hosts) > 1:
            return deploy(delivery, host, dialer)
        sending = bytes_of(step, f"sending to {host}")
        return deploy(delivery, host, dialer, progress=sending, now_at=lambda what: step.now(f"{host}: {what}"))

    outcomes = on_all(order, "deploying", action)
    _merge(order, delivery, outcomes)
    show(order, outcomes, deployed_table, lambda one: one.to_dict())


def _delivery(order: Order, options: dict[str, Any]) -> Delivery:
    from edgecomp_runtime.bundle.read import is_bundle

    from ..remote.delta import read_delta
    from ..remote.deploy import Delivery
    from ..remote.profile import look_at

    assert order.bundle is not None
    looked = look_at(order.bundle, keep=True)
    if not is_bundle(order.bundle):
        raise InputError(f"{order.bundle}: is no bundle; devices get bundles, which prove that they run right there")
    flags = ("allow_unsigned", "allow_downgrade", "with_wheels")
    chosen = tuple(f"--{one.replace('_', '-')}" for one in flags if options[one])
    bench = ("--seconds", str(options["seconds"])) if options["bench"] else None
    delta = None if options["delta"] is None else read_delta(options["delta"], order.bundle)
    return Delivery(looked.upload, looked.model_sha256, chosen, bench, delta)


def _merge(order: Order, delivery: Delivery, outcomes: list[Outcome[Deployed]]) -> None:
    from ..report.devices import device_entry, merge_into

    assert order.bundle is not None
    entries = [
        device_entry(
            host=one.host.name,
            at=one.found.at,
            bench=one.found.bench,
            verified=one.found.verified,
            installed=one.found.installation.get("current"),
        )
        for one in outcomes
        if one.found is not None
    ]
    merged = merge_into(order.bundle.absolute().parent, entries, delivery.model_sha256)
    if merged is not None:
        click.echo(f"{merged.path}: {merged.note or f'has what {len(entries)} device(s) said'}", err=True)


def _status(order: Order) -> None:
    from ..remote.deploy import ask_status
    from .deploying.devices import on_all, show
    from .deploying.tables import status_table

    outcomes = on_all(order, "asking", lambda host, dialer, _: ask_status(host, dialer))
    show(order, outcomes, status_table, lambda found: found)


def _roll_back(order: Order, name: str) -> None:
    from ..remote.deploy import roll_back
    from .deploying.devices import on_all, show
    from .deploying.tables import rolled_back_table

    outcomes = on_all(order, "going back", lambda host, dialer, _: roll_back(name, host, dialer))
    show(order, outcomes, rolled_back_table, lambda found: found)


def _trust(order: Order, file: Path) -> None:
    from ..remote.deploy import trust
    from ..remote.upload import Upload
    from .deploying.devices import on_all, show
    from .deploying.tables import trusted_table

    key = Upload.of_file(file, keep=False)
    outcomes = on_all(order, "adding the key", lambda host, dialer, _: trust(key, host, dialer))
    show(order, outcomes, trusted_table, lambda found: found)


def _write(order: Order, options: dict[str, Any]) -> None:
    from edgecomp_runtime.bundle.read import read_manifest

    from ..pipeline.output import staged, writing_to
    from ..remote.formats import ansible_files, oci_files, write_files

    delivery, out = _delivery(order, options), options["out"]
    assert order.bundle is not None
    manifest = read_manifest(order.bundle)
    with staged(out, force=options["force"]) as stage, writing_to(out):
        if options["format"] == "ansible":
            files = ansible_files(order.bundle, manifest, delivery.options)
        else:
            files = oci_files(order.bundle, manifest)
        write_files(files, stage)
    click.echo(f"{out}: {', '.join(files)}")
