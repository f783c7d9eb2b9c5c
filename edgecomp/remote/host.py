"""What names a device: an ssh:// address, and what else has to be known to reach it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import InputError

SCHEME = "ssh://"

_WORD = re.compile(r"[\w.:%@+~-]+", re.ASCII)
"""What a host or user name may hold. Neither a space nor a quote: it goes into commands and files for Ansible."""


@dataclass(frozen=True)
class Host:
    """A device.

    Args:
        name: what people call it, in tables and messages.
        address: host name, IP address or alias of the person's ssh config.
        user: to log in as; None leaves it to ssh.
        port: None leaves it to ssh.
        python: the device's Python, a path or a command; None looks for one.
    """

    name: str
    address: str
    user: str | None = None
    port: int | None = None
    python: str | None = None

    def __post_init__(self) -> None:
        for what, text in (("a host", self.address), ("a user", self.user)):
            # A leading dash would be an option of ssh.
            if text is not None and (not _WORD.fullmatch(text) or text.startswith("-")):
                raise InputError(f"{self.name}: {text!r} is no name of {what}")
        if self.port is not None and not 0 < self.port < 65536:
            raise InputError(f"{self.name}: port {self.port} is not between 1 and 65535")
        if self.python is not None and (not self.python or not self.python.isprintable()):
            raise InputError(f"{self.name}: {self.python!r} is no Python; give its path on the device")

    @property
    def url(self) -> str:
        """As an address: ssh://user@host:port."""
        user = f"{self.user}@" if self.user else ""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{SCHEME}{user}{address}" + (f":{self.port}" if self.port else "")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Access:
    """How devices are reached.

    Args:
        ssh_config: read instead of the person's own config; None is ssh's default.
        connect_seconds: until an address that does not answer is given up.
        attempts: how often an upload or a run is taken up again after the connection broke, the first included.
    """

    ssh_config: Path | None = None
    connect_seconds: int = 10
    attempts: int = 3


def is_ssh(text: str) -> bool:
    """Whether a text is meant as an ssh:// address."""
    return text.startswith(SCHEME)


def parse_host(text: str, *, name: str | None = None) -> Host:
    """Reads ssh://[user@]host[:port].

    Args:
        text: the address.
        name: what to call it; None calls it by its address.

    Raises:
        InputError: it is no such address.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InputError(f"{text}: is no ssh address ({error}); write ssh://user@host:port") from error
    if parts.scheme != "ssh" or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InputError(f"{text}: is no ssh address; write ssh://user@host or ssh://user@host:port")
    if parts.password is not None:
        raise InputError(f"{parts.hostname}: a password does not belong into an address; use a key (ssh-copy-id)")
    if parts.username == "":
        raise InputError(f"{text}: names no user before the @; write ssh://user@host")
    # `hostname` is lower case; aliases in an ssh config need not be.
    written = parts.netloc.rpartition("@")[2]
    start = written.lower().find(parts.hostname)
    address = written[start : start + len(parts.hostname)]
    host = Host("", address, unquote(parts.username) if parts.username else None, port)
    return replace(host, name=name or host.url.removeprefix(SCHEME))
