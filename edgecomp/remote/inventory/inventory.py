"""An inventory of ours: names and addresses, and groups of them if you like.

hosts:
  kitchen: ssh://pi@kitchen.local
  hall:
    address: ssh://pi@10.0.0.7:2222
    python: /opt/venv/bin/python
groups:
  ground-floor: [kitchen, hall]
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..host import Host, is_ssh, parse_host
from . import ansible
from .yaml_file import read_yaml

_HOST_KEYS = ("address", "python")


@dataclass(frozen=True)
class Inventory:
    """Devices, and groups of them.

    Args:
        hosts: by name, in the order of the file.
        groups: names of devices, by name of the group.
    """

    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]


def read_inventory(path: Path) -> Inventory:
    """Reads an inventory of ours, or one of Ansible's.

    Ours has `hosts` at its top. Ansible's YAML is read here as well, as far as it names hosts and how to log in;
    whatever else Ansible reads (INI, ranges, plugins, a folder) is given to `ansible-inventory`, which has to be
    installed.

    Raises:
        InputError: there is no such file, or what is wrong in it.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such inventory")
    if path.is_dir() or path.suffix not in (".yaml", ".yml"):
        found = ansible.read_by_command(path)
    else:
        data = read_yaml(path)
        found = _ours(path, data) if "hosts" in data else ansible.read_yaml_inventory(path, data)
    inventory = Inventory(found[0], found[1])
    if not inventory.hosts:
        raise InputError(f"{path}: names no hosts")
    return inventory


def select(inventory: Inventory, wanted: Sequence[str]) -> list[Host]:
    """The devices that are named, or are in a group that is; each once, in the order of the inventory.

    Args:
        inventory: the devices there are.
        wanted: names of devices and groups; none takes all.

    Raises:
        InputError: there is no device or group of a name.
    """
    if not wanted:
        return list(inventory.hosts.values())
    names: set[str] = set()
    for name in wanted:
        if name not in inventory.hosts and name not in inventory.groups:
            known = [*inventory.groups, *inventory.hosts]
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise InputError(f"the inventory has no host or group {name!r}{hint}")
        names.update(inventory.groups.get(name, (name,)))
    return [host for name, host in inventory.hosts.items() if name in names]


def _ours(path: Path, data: Mapping[str, Any]) -> tuple[dict[str, Host], dict[str, tuple[str, ...]]]:
    _check_keys(path, "", data, ("hosts", "groups"))
    hosts = {name: _host(path, name, value) for name, value in _mapping(path, "hosts", data["hosts"]).items()}
    groups = {}
    for name, members in _mapping(path, "groups", data.get("groups") or {}).items():
        if not isinstance(members, list) or not all(isinstance(one, str) for one in members):
            raise InputError(f"{path}: groups.{name}: expected a list of names of hosts")
        unknown = [one for one in members if one not in hosts]
        if unknown:
            raise InputError(f"{path}: groups.{name}: {unknown[0]} is not under hosts")
        groups[name] = tuple(members)
    return hosts, groups


def _host(path: Path, name: str, value: Any) -> Host:
    where = f"{path}: hosts.{name}"
    entry = {"address": value} if isinstance(value, str) else value
    if not isinstance(entry, dict) or not isinstance(entry.get("address"), str):
        raise InputError(f"{where}: expected an address, as in ssh://pi@kitchen.local")
    _check_keys(path, f"hosts.{name}", entry, _HOST_KEYS)
    python = entry.get("python")
    if python is not None and not isinstance(python, str):
        raise InputError(f"{where}.python: expected a path on the device")
    if not is_ssh(entry["address"]):
        raise InputError(f"{where}: {entry['address']!r} is no ssh address; write ssh://user@host:port")
    try:
        named = parse_host(entry["address"], name=name)
        return Host(name, named.address, named.user, named.port, python)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _mapping(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{path}: {key}: expected names and what they stand for")
    return value


def _check_keys(path: Path, where: str, found: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in found:
        if key not in known:
            raise InputError(f"{path}: {where and where + '.'}{key} means nothing here; known are {', '.join(known)}")
