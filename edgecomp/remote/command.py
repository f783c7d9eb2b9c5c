"""The ssh command line.

OpenSSH itself and no library: it alone reads all of a person's ssh config, known_hosts, certificates, agents, hardware
keys and jump hosts as that person's own `ssh` does, and its security fixes come with the system.
"""

from __future__ import annotations

import shlex
import shutil

from ..errors import InputError
from .host import Access, Host

KEEP_ALIVE_SECONDS, KEEP_ALIVE_COUNT = 5, 4
"""A connection that has been silent for their product is given up."""

PREFERRED_PYTHONS = (
    "$EDGECOMP_HOME/bin/edgecomp-python",
    "$HOME/.local/share/edgecomp/bin/edgecomp-python",
    "/var/lib/edgecomp/bin/edgecomp-python",
    "$HOME/edgecomp-env/bin/python",
)
"""Those that know of packages: of a bundle with wheels, and the environment that the device's doctor says to make."""

NO_PYTHON, OLD_PYTHON = "edgecomp: no python", "edgecomp: old python"
"""What is printed in place of a greeting."""

# Reads a program up to a zero byte and becomes it. One line without quotes, so that no shell can misread it.
_BECOME = (
    "import os,sys;"
    "sys.version_info<(3,9) and (print(sys.argv[1],*sys.version_info[:2]),sys.exit(3));"
    "exec(compile(bytes().join(iter(lambda:os.read(0,1) or bytes(1),bytes(1))),sys.argv[2],sys.argv[2]))"
)


def ssh_command(host: Host, access: Access) -> list[str]:
    """The command that starts a Python on a device, which reads its program from stdin.

    Raises:
        InputError: there is no ssh here.
    """
    program = shutil.which("ssh")
    if program is None:
        raise InputError("there is no ssh command here; install OpenSSH's client (apt install openssh-client)")
    options = {
        "BatchMode": "yes",  # an ssh that asks for a password or a yes would hang unseen
        "StrictHostKeyChecking": "yes",
        "ConnectTimeout": str(access.connect_seconds),
        "ServerAliveInterval": str(KEEP_ALIVE_SECONDS),
        "ServerAliveCountMax": str(KEEP_ALIVE_COUNT),
        "ControlMaster": "no",  # one that is there is used; a new one would outlive this command and hold its stderr
        "ClearAllForwardings": "yes",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "RequestTTY": "no",
        "LogLevel": "ERROR",  # the reason of a failure is read from what ssh says
    }
    return [
        program,
        *(("-F", str(access.ssh_config)) if access.ssh_config is not None else ()),
        *(part for name, value in options.items() for part in ("-o", f"{name}={value}")),
        *(("-l", host.user) if host.user else ()),
        *(("-p", str(host.port)) if host.port else ()),
        "--",
        host.address,
        remote_command(host.python),
    ]


def remote_command(python: str | None) -> str:
    """What the device's login shell is given, whichever shell that is.

    Args:
        python: the device's Python; None takes the first of `PREFERRED_PYTHONS` that is there, else python3.
    """
    pythons = [*(f'"{one}"' for one in PREFERRED_PYTHONS), "python3"] if python is None else [_quoted(python)]
    become = f"-u -c {shlex.quote(_BECOME)} {shlex.quote(OLD_PYTHON)} exec"
    lines = [f"command -v {one} >/dev/null 2>&1 && exec {one} {become}" for one in pythons]
    return f"exec sh -c {shlex.quote('; '.join([*lines, f'echo {shlex.quote(NO_PYTHON)}', 'exit 127']))}"


def _quoted(python: str) -> str:
    """A path for the shell there; `~/` is the home over there."""
    if python.startswith("~/"):
        return f'"$HOME"/{shlex.quote(python[2:])}'
    return shlex.quote(python)
