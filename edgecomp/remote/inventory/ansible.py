"""Ansible's inventories, as far as they say which hosts there are and how to log in.

https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..host import Host

Found = tuple[dict[str, Host], dict[str, tuple[str, ...]]]

COMMAND_SECONDS = 120

_OLD_NAMES = {f"ansible_ssh_{what}": f"ansible_{what}" for what in ("host", "port", "user")}
_MEANT = ("ansible_host", "ansible_port", "ansible_user", "ansible_python_interpreter", "ansible_connection")


def read_yaml_inventory(path: Path, data: Mapping[str, Any]) -> Found:
    """Reads groups of hosts, with variables of hosts and groups.

    Variables come from the groups around a host, the inner over the outer, and from the host itself. Templates and
    ranges need Ansible itself; see `read_by_command`.

    Raises:
        InputError: it is no inventory, or needs Ansible itself.
    """
    variables: dict[str, dict[str, Any]] = {}
    own: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, None]] = {}
    for name, group in data.items():
        _walk(path, name, group, {}, (), (variables, own, groups))
    hosts = {name: _host(path, name, {**variables[name], **own[name]}) for name in variables}
    return hosts, {name: tuple(members) for name, members in groups.items()}


def read_by_command(path: Path) -> Found:
    """Lets `ansible-inventory` read whatever Ansible reads.

    Raises:
        InputError: it is not installed, or does not understand the file.
    """
    command = shutil.which("ansible-inventory")
    if command is None:
        raise InputError(
            f"{path}: inventories that are not YAML are read by ansible-inventory, which is not installed; install "
            "ansible-core, or write a .yaml with `hosts:`"
        )
    try:
        ended = subprocess.run(
            [command, "-i", str(path), "--list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path}: ansible-inventory did not come to an end in {COMMAND_SECONDS} seconds") from None
    try:
        listed = json.loads(ended.stdout) if ended.returncode == 0 else None
    except ValueError:
        listed = None
    if not isinstance(listed, dict):
        said = " ".join(ended.stderr.split())[-300:]
        raise InputError(f"{path}: ansible-inventory does not read it ({said or 'it gave no reason'})")
    variables = listed.get("_meta", {}).get("hostvars", {})
    groups = {name: tuple(_members(listed, name, ())) for name in listed if name != "_meta"}
    names = dict.fromkeys(name for members in groups.values() for name in members)
    return {name: _host(path, name, variables.get(name, {})) for name in names}, groups


def _walk(
    path: Path,
    name: str,
    group: Any,
    inherited: Mapping[str, Any],
    parents: tuple[str, ...],
    into: tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], dict[str, dict[str, None]]],
) -> None:
    """Gathers a group and those in it."""
    variables, own, groups = into
    group = _entry(path, name, group)
    known = {**inherited, **_meant(_entry(path, f"{name}.vars", group.get("vars")))}
    for host, values in _entry(path, f"{name}.hosts", group.get("hosts")).items():
        if "[" in host:
            raise InputError(f"{path}: {host} is a range of hosts, which only ansible-inventory reads; write them out")
        variables[host] = {**variables.get(host, {}), **known}
        own[host] = {**own.get(host, {}), **_meant(_entry(path, host, values))}
        for member_of in (*parents, name):
            groups.setdefault(member_of, {})[host] = None
    for child, values in _entry(path, f"{name}.children", group.get("children")).items():
        if child in (*parents, name):
            raise InputError(f"{path}: group {child} is inside itself")
        _walk(path, child, values, known, (*parents, name), into)


def _entry(path: Path, where: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: {where}: expected keys and values, as an inventory of Ansible has them")
    return value


def _meant(values: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that say how to log in, by their present names."""
    named = {_OLD_NAMES.get(key, key): value for key, value in values.items()}
    return {key: named[key] for key in _MEANT if key in named}


def _members(listed: Mapping[str, Any], group: str, seen: tuple[str, ...]) -> list[str]:
    """The hosts of a group and of those in it, each once."""
    entry = listed.get(group) or {}
    found = dict.fromkeys(entry.get("hosts", ()))
    for child in entry.get("children", ()):
        if child not in seen:
            found.update(dict.fromkeys(_members(listed, child, (*seen, group))))
    return list(found)


def _host(path: Path, name: str, values: Mapping[str, Any]) -> Host:
    known = _meant(values)
    connection = known.get("ansible_connection", "ssh")
    if connection not in ("ssh", "smart"):
        raise InputError(f"{path}: {name}: its connection is {connection!r}; only ssh is known here")
    for key, value in known.items():
        if isinstance(value, str) and "{{" in value:
            raise InputError(f"{path}: {name}: {key} is a template, which only Ansible itself fills in; write it out")
    try:
        port = None if known.get("ansible_port") is None else int(known["ansible_port"])
        user, python = known.get("ansible_user"), known.get("ansible_python_interpreter")
        # auto, auto_silent, …: Ansible looks for one, and so do we.
        python = None if python is None or str(python).startswith("auto") else str(python)
        return Host(name, str(known.get("ansible_host") or name), None if user is None else str(user), port, python)
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{path}: {name}: {error}") from error
