"""What a command line of `edgecomp deploy` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...remote.host import Access, Host, is_ssh, parse_host
from ...remote.inventory import read_inventory, select
from ...remote.rollout import Rollout, plan_rollout

INSTEAD = ("status", "rollback", "trust")
"""Options that do something else than putting a bundle on devices."""


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Args:
        action: "deploy", "format", or one of `INSTEAD`.
        bundle: of the first two.
        rollout: the devices, and in which order.
        access: how they are reached.
        json: whether the outcome is printed as JSON.
    """

    action: str
    bundle: Path | None
    rollout: Rollout
    access: Access
    json: bool

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All devices."""
        return self.rollout.hosts


def read_order(arguments: Sequence[str], options: dict[str, Any]) -> Order:
    """Makes sense of a command line.

    Raises:
        InputError: it makes none.
    """
    action = _action(options)
    bundle = _bundle(action, [one for one in arguments if not is_ssh(one)])
    hosts = _hosts([one for one in arguments if is_ssh(one)], options)
    if action == "format":
        _check_format(hosts, options)
    elif action in INSTEAD and options["delta"] is not None:
        raise InputError(f"--delta goes with a bundle, not with --{action}; leave one of them out")
    elif options["out"] is not None or options["force"]:
        raise InputError("--out and --force are for --format; add it, or leave them out")
    elif not hosts:
        raise InputError("on which device? name it, as in ssh://pi@kitchen.local, or an --inventory")
    canary = 1 if options["canary"] is None else options["canary"]
    keep_going = options["keep_going"]
    if action == "status":  # it changes nothing, so that nothing has to stop it
        canary, keep_going = 0, True
    rollout = plan_rollout(hosts, canary=canary, parallel=options["parallel"], keep_going=keep_going)
    return Order(action, bundle, rollout, Access(ssh_config=options["ssh_config"]), options["as_json"])


def _action(options: dict[str, Any]) -> str:
    asked = [one for one in (*INSTEAD, "format") if options[one] not in (None, False)]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(f'--{one}' for one in asked)} are different things; say one of them")
    return asked[0] if asked else "deploy"


def _bundle(action: str, files: Sequence[str]) -> Path | None:
    found = ", ".join(files) or "none"
    if action in INSTEAD:
        if files:
            raise InputError(f"no bundle goes with --{action} ({found}); write hosts as ssh://user@host")
        return None
    if len(files) != 1:
        raise InputError(f"one bundle is put on devices, and {found} was given; write hosts as ssh://user@host")
    return Path(files[0])


def _hosts(addresses: Sequence[str], options: dict[str, Any]) -> list[Host]:
    python = options["python"]
    hosts = [replace(parse_host(one), python=python) for one in addresses]
    if options["inventory"] is not None:
        chosen = select(read_inventory(options["inventory"]), options["limit"])
        hosts += [host if host.python else replace(host, python=python) for host in chosen]
    elif options["limit"]:
        raise InputError("--limit chooses from an --inventory, and there is none; name one, or leave --limit out")
    seen: set[str] = set()
    for host in hosts:
        if host.name in seen:
            raise InputError(f"{host.name} is named twice; leave one of them out")
        seen.add(host.name)
    return hosts


def _check_format(hosts: Sequence[Host], options: dict[str, Any]) -> None:
    if options["out"] is None:
        raise InputError("--format writes to a folder; name it with --out")
    if options["delta"] is not None:
        raise InputError("--format cannot ask what devices have; give it the delta bundle itself, or leave --delta out")
    if hosts:
        raise InputError("--format puts nothing on devices: their manager does; leave the hosts out")
