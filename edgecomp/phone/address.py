"""Which address of this machine a phone on the same network reaches."""

from __future__ import annotations

import ipaddress
import socket

from ..errors import InputError

LOOPBACK = "127.0.0.1"

_ANYWHERE = ("192.0.2.1", 9)
"""An address kept for documentation (RFC 5737): only the way to it is looked up, nothing is sent."""


def local_address() -> str:
    """The IPv4 address of the interface that leads to the network; the loopback's where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
            found: str = probe.getsockname()[0]
        except OSError:
            return LOOPBACK
    return found


def checked(address: str) -> str:
    """An address that a server can bind to: exactly one.

    Raises:
        InputError: it is no address, or stands for all of the machine's.
    """
    try:
        parsed = ipaddress.ip_address("127.0.0.1" if address == "localhost" else address)
    except ValueError:
        raise InputError(f"--host {address}: is no IP address of this machine, such as 192.168.1.20") from None
    if parsed.is_unspecified or parsed.version != 4:
        raise InputError(f"--host {address}: give one IPv4 address of this machine; the page is served on no other")
    return str(parsed)
