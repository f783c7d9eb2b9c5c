"""What ssh's last words mean, and what to do about it."""

from __future__ import annotations

import re

from ..errors import EdgecompError, InputError, IntegrityError
from .command import NO_PYTHON, OLD_PYTHON
from .host import Host

SSH_FAILED = 255
"""Exit code of ssh for its own failures; any other is of the command over there."""

_LONGEST = 300


class HostKeyError(IntegrityError):
    """A device shows another host key than the known one: it may be another machine."""


class UnreachableError(InputError):
    """There is no way to the device, now at least."""


class ConnectionBrokenError(InputError):
    """A connection that stood has ended. What was under way can be taken up again."""


def why_not_connected(host: Host, code: int | None, stdout: str, stderr: str) -> EdgecompError:
    """The error for a device that never answered as it should.

    Args:
        host: the device.
        code: ssh's exit code, or None where it had to be ended.
        stdout: what came in place of an answer.
        stderr: what ssh, and the programs over there, said.
    """
    said = last_words(stderr)
    login = f"ssh {f'-p {host.port} ' if host.port else ''}{f'{host.user}@' if host.user else ''}{host.address}"
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in stderr:
        return HostKeyError(
            f"{host}: its host key is not the one in {_named_in(stderr)}: either the device was set up anew or this is "
            f"another machine. If you know why, remove the old key (ssh-keygen -R '{_known_as(host)}') and log in once "
            f"with `{login}`"
        )
    if "host key is known" in stderr or "Host key verification failed" in stderr:
        return InputError(
            f"{host}: its host key is not known here, and nothing is sent to a machine that may be another. Log in "
            f"once with `{login}`, compare the fingerprint it shows, and run this again"
        )
    if "Permission denied" in stderr or "Too many authentication failures" in stderr:
        return InputError(
            f"{host}: the login was refused ({said}). Nothing is asked for here: `{login}` has to work without a "
            "password (ssh-copy-id, ssh-add)"
        )
    if "Could not resolve hostname" in stderr:
        return InputError(f"{host}: no such host name ({said}); check the address or your ssh config")
    if code == SSH_FAILED:
        return UnreachableError(
            f"{host}: cannot be reached ({said or 'ssh gave no reason'}); is it on, and is `{login}` working?"
        )
    return _no_python(host, stdout) or InputError(
        f"{host}: does not run commands as it should (it said {_shortened(printable(stdout)) or said!r}); "
        f"`{login} true` has to print nothing"
    )


def _no_python(host: Host, stdout: str) -> InputError | None:
    if OLD_PYTHON in stdout:
        version = ".".join(stdout.partition(OLD_PYTHON)[2].split()[:2])
        return InputError(f"{host}: has Python {version}; 3.9 or newer is needed. Name another one there with --python")
    if NO_PYTHON in stdout and host.python is not None:
        return InputError(f"{host}: there is no {host.python}; give the path of its Python 3")
    if NO_PYTHON in stdout:
        return InputError(
            f"{host}: there is no Python 3 on its PATH. Install one there (sudo apt install python3), or name it with "
            "--python PATH"
        )
    return None


def broken(host: Host, doing: str, stderr: str) -> ConnectionBrokenError:
    """The error for a connection that ended while it was needed."""
    said = last_words(stderr)
    return ConnectionBrokenError(
        f"{host}: the connection broke off while {doing}{f' ({said})' if said else ''}; run the same command again: "
        "an upload goes on where it stopped"
    )


def last_words(stderr: str) -> str:
    """The last line that is not empty, without what could command a terminal."""
    lines = [line for line in map(str.strip, printable(stderr).splitlines()) if line]
    return _shortened(lines[-1]) if lines else ""


def printable(text: str) -> str:
    """Text of a device as it may go to a terminal: what is not printable is left out."""
    return "".join(one for one in text if one.isprintable() or one in "\n\t")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _named_in(stderr: str) -> str:
    """The file and line that ssh names."""
    found = re.search(r"Offending \S+ key in (\S+)", printable(stderr))
    return found[1] if found else "known_hosts"


def _known_as(host: Host) -> str:
    """How known_hosts calls a device."""
    return f"[{host.address}]:{host.port}" if host.port and host.port != 22 else host.address
