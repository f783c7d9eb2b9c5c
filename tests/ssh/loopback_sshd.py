"""A real sshd on loopback, with keys, a home and folders of its own: a board, as far as edgecomp can see."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Keys:
    """Of the board and of the person who logs in."""

    host: Path
    other_host: Path
    person: Path


@dataclass(frozen=True)
class Board:
    """A board that runs.

    Args:
        folder: everything of it.
        port: on loopback.
        process: of the sshd that listens.
        ssh_config: knows it as `board`, with its key and the person's.
    """

    folder: Path
    port: int
    process: int
    ssh_config: Path

    url = "ssh://board"
    python = sys.executable

    @property
    def temporary(self) -> Path:
        """Its folder for temporary files."""
        return self.folder / "tmp"

    @property
    def uploads(self) -> Path:
        """Where uploads wait on it."""
        return self.folder / "cache" / "edgecomp" / "uploads"

    @property
    def models(self) -> Path:
        """Where its models are installed."""
        return self.folder / "models"

    @property
    def options(self) -> tuple[str, ...]:
        """What edgecomp has to be told."""
        return ("--ssh-config", str(self.ssh_config), "--python", self.python)


def make_keys(folder: Path) -> Keys:
    """Three Ed25519 keys."""
    keys = Keys(folder / "host", folder / "other_host", folder / "person")
    for path in (keys.host, keys.other_host, keys.person):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return keys


def why_no_sshd() -> str:
    """Why there can be no sshd here, or "" where there can."""
    if SSHD is None or shutil.which("ssh") is None:
        return "there is no sshd here (apt install openssh-server)"
    if os.geteuid() == 0:
        try:  # where sshd puts itself before a login; the system's service makes it
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        except OSError as error:
            return f"sshd needs /run/sshd, which cannot be made ({error})"
    return ""


@contextmanager
def running_board(folder: Path, keys: Keys, *, path: str | None = None, before: str = "") -> Iterator[Board]:
    """Starts a board.

    Args:
        folder: for everything of it.
        keys: its own and the person's.
        path: its PATH; None has sh and the usual tools.
        before: shell commands that its login runs first.
    """
    for name in ("tmp", "home"):
        (folder / name).mkdir(exist_ok=True)
    port = _free_port()
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": keys.host,
        "PidFile": "none",
        "AuthorizedKeysFile": keys.person.with_suffix(".pub"),
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "MaxStartups": "200",
        "ForceCommand": _login(folder, path, before),
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with (folder / "sshd.log").open("wb") as log:
        sshd = subprocess.Popen([str(SSHD), "-D", "-e", "-f", config], stderr=log, stdin=subprocess.DEVNULL)
    try:
        _wait_for(port, sshd, folder / "sshd.log")
        yield Board(folder, port, sshd.pid, _client_config(folder, keys, port))
    finally:
        sshd.terminate()
        sshd.wait()


def known_hosts_line(port: int, key: Path) -> str:
    """How a client knows the board with that key."""
    return f"[127.0.0.1]:{port} {key.with_suffix('.pub').read_text()}"


def _login(folder: Path, path: str | None, before: str) -> str:
    """What a login runs, whatever the user of the tests has in a .bashrc."""
    environment = {
        "HOME": folder / "home",
        "PATH": path or "/usr/bin:/bin",
        "TMPDIR": folder / "tmp",
        "XDG_CACHE_HOME": folder / "cache",
        "EDGECOMP_HOME": folder / "models",
    }
    named = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in environment.items())
    return f'{before}exec /usr/bin/env -i {named} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'


def _client_config(folder: Path, keys: Keys, port: int) -> Path:
    (folder / "known_hosts").write_text(known_hosts_line(port, keys.host))
    config = folder / "ssh_config"
    config.write_text(
        f"Host *\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {keys.person}\n  IdentitiesOnly yes\n"
        f"  IdentityAgent none\n  UserKnownHostsFile {folder / 'known_hosts'}\n  GlobalKnownHostsFile /dev/null\n"
    )
    return config


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, sshd: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and sshd.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"sshd does not run: {log.read_text()}")
