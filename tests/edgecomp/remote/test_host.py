"""ssh:// addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.remote.command import remote_command, ssh_command
from edgecomp.remote.host import Access, Host, parse_host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh://board", Host("board", "board")),
        ("ssh://pi@kitchen.local", Host("pi@kitchen.local", "kitchen.local", "pi")),
        ("ssh://pi@10.0.0.7:2222", Host("pi@10.0.0.7:2222", "10.0.0.7", "pi", 2222)),
        ("ssh://pi@[fe80::1%25eth0]:22", Host("pi@[fe80::1%25eth0]:22", "fe80::1%25eth0", "pi", 22)),
        ("ssh://MyAlias/", Host("MyAlias", "MyAlias")),
    ],
)
def test_addresses(text: str, expected: Host) -> None:
    assert parse_host(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ssh://",
            "ssh://@board",
            "ssh://a b",
            "ssh://board/path",
            "ssh://board:port",
            "ssh://board:0",
            "http://board",
        ),
        *("ssh://board:70000", "ssh://-oProxyCommand=touch", "ssh://pi:secret@board", "ssh://board?x=1", "board"),
        *("ssh://-l@board", "ssh://$(id)@board", "ssh://a;b"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_host(text)


@given(st.text())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        host = parse_host(f"ssh://{text}")
    except InputError:
        return
    again = parse_host(host.url)
    assert (again.address, again.user, again.port) == (host.address, host.user, host.port)
    assert not host.address.startswith("-")


def test_ssh_never_asks_and_always_checks_host_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/ssh")
    command = ssh_command(Host("board", "board", "pi", 2222), Access())
    assert "BatchMode=yes" in command
    assert "StrictHostKeyChecking=yes" in command
    assert "ForwardAgent=no" in command
    assert command[-3:-1] == ["--", "board"]


def test_no_ssh_here_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(InputError, match="openssh-client"):
        ssh_command(Host("board", "board"), Access())


def test_a_path_with_quotes_and_spaces_stays_one_word() -> None:
    import shlex

    (_, shell, _, script) = shlex.split(remote_command("~/my env's/python"))
    assert shell == "sh"
    assert shlex.split(script)[:3] == ["command", "-v", "$HOME/my env's/python"]
