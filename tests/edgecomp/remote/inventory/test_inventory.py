"""Inventories: ours, Ansible's YAML, and what only Ansible reads."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.remote.host import Host
from edgecomp.remote.inventory import read_inventory, select

OURS = """
hosts:
  kitchen: ssh://pi@kitchen.local
  hall:
    address: ssh://pi@10.0.0.7:2222
    python: /opt/venv/bin/python
  on: ssh://switch
groups:
  ground: [kitchen, hall]
"""

ANSIBLE = """
all:
  vars: {ansible_user: pi}
  children:
    ground:
      vars: {ansible_port: 2222}
      hosts:
        kitchen: {ansible_host: kitchen.local}
        hall: {ansible_port: "22", colour: blue}
    roof:
      hosts:
        mast: {ansible_ssh_host: 10.0.0.9, ansible_python_interpreter: /opt/python3}
        kitchen:
"""


def written(folder: Path, text: str, name: str = "fleet.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_inventory_of_ours(tmp_path: Path) -> None:
    inventory = read_inventory(written(tmp_path, OURS))
    assert list(inventory.hosts.values()) == [
        Host("kitchen", "kitchen.local", "pi"),
        Host("hall", "10.0.0.7", "pi", 2222, "/opt/venv/bin/python"),
        Host("on", "switch"),
    ]
    assert [host.name for host in select(inventory, ["on", "ground"])] == ["kitchen", "hall", "on"]
    assert [host.name for host in select(inventory, [])] == ["kitchen", "hall", "on"]
    with pytest.raises(InputError, match="did you mean ground"):
        select(inventory, ["grund"])


def test_an_inventory_of_ansible(tmp_path: Path) -> None:
    inventory = read_inventory(written(tmp_path, ANSIBLE))
    assert dict(inventory.hosts) == {
        "kitchen": Host("kitchen", "kitchen.local", "pi", 2222),
        "hall": Host("hall", "hall", "pi", 22),
        "mast": Host("mast", "10.0.0.9", "pi", None, "/opt/python3"),
    }
    assert inventory.groups["all"] == ("kitchen", "hall", "mast")
    assert inventory.groups["roof"] == ("mast", "kitchen")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts: {a: board}", "ssh://user@host"),
        ("hosts: {a: ssh://b/c}", "hosts.a"),
        ("hosts: {a: {adress: ssh://b}}", "address"),
        ("hosts: {a: {address: ssh://b, colour: red}}", "colour"),
        ("hosts: {a: {address: ssh://b, python: 3}}", "python"),
        ("hosts: {a: ssh://b}\ngroups: {g: [c]}", "c is not under hosts"),
        ("hosts: {a: ssh://b}\ngroups: {g: a}", "list of names"),
        ("hosts: {a: ssh://b}\nhost: {}", "host means nothing"),
        ("hosts: {a: ssh://b, a: ssh://c}", "'a' is here twice"),
        ("hosts: []", "hosts"),
        ("hosts: {}", "names no hosts"),
        ("hosts: {? [a, b] : ssh://c}", "plain word"),
        ("hosts: &x {a: *x}", "aliases"),
        ("- a", "at the top"),
        ("", "at the top"),
        ("a: [", "fleet.yaml:"),
        ("[" * 200, "levels deep"),
        ("all: {hosts: {'web[1:9]': }}", "range"),
        ("all: {hosts: {a: {ansible_host: '{{ ip }}'}}}", "template"),
        ("all: {hosts: {a: {ansible_connection: docker}}}", "docker"),
        ("all: {hosts: {a: {ansible_port: many}}}", "a: "),
        ("all: {hosts: {a: {ansible_host: '-oProxyCommand=x'}}}", "no name of a host"),
        ("all: {hosts: [a]}", "all.hosts"),
        ("a: {children: {b: {children: {a: }}}}", "inside itself"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_inventory(written(tmp_path, text))
    assert said in str(error.value)
    assert "fleet.yaml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such inventory"):
        read_inventory(tmp_path / "none.yaml")


@given(text=st.text() | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(str))
def test_any_text_is_an_inventory_or_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(InputError):
        assert read_inventory(path).hosts


def test_without_ansible_an_ini_file_says_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="ansible-core"):
        read_inventory(written(tmp_path, "[ground]\nkitchen\n", "hosts.ini"))


@pytest.mark.skipif(shutil.which("ansible-inventory") is None, reason="ansible-inventory is not installed")
def test_ansible_reads_what_only_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    text = "[ground]\nboard[1:3] ansible_port=2222\n[all:vars]\nansible_user=pi\n"
    inventory = read_inventory(written(tmp_path, text, "hosts.ini"))
    assert inventory.hosts["board2"] == Host("board2", "board2", "pi", 2222)
    assert inventory.groups["ground"] == ("board1", "board2", "board3")


def test_what_ansible_says_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = (
        '{"_meta": {"hostvars": {"a": {"ansible_user": "pi"}}}, "all": {"children": ["ungrouped", "g"]}, '
        '"g": {"hosts": ["a", "b"]}}'
    )
    command = written(tmp_path, f"#!/bin/sh\necho '{listed}'\n", "ansible-inventory")
    os.chmod(command, 0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    inventory = read_inventory(written(tmp_path, "", "hosts.ini"))
    assert list(inventory.hosts.values()) == [Host("a", "a", "pi"), Host("b", "b")]
    assert inventory.groups["all"] == ("a", "b")
    written(tmp_path, "#!/bin/sh\necho 'no such plugin' >&2; exit 1\n", "ansible-inventory")
    with pytest.raises(InputError, match="no such plugin"):
        read_inventory(tmp_path / "hosts.ini")
