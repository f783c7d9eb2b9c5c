"""What `edgecomp profile --by-op --on ssh://…` does: the device package times the operators there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgecomp_runtime.measure.describe_operators import operator_lines

from ..errors import InputError, MeasurementError
from ..progress import Steps
from .dialer import Dialer
from .host import Host
from .profile import bytes_of, look_at


def profile_remote_operators(
    file: Path, host: Host, dialer: Dialer, options: tuple[str, ...] = (), *, steps: Steps | None = None
) -> dict[str, Any]:
    """Times a file by operator on a device; nothing is left there.

    Args:
        file: a .tflite or a bundle's zip.
        host: the device.
        dialer: reaches it.
        options: for `edgecomp-runtime profile`.
        steps: shows progress.

    Returns:
        what `edgecomp-runtime profile --json` prints there, valid or not.

    Raises:
        InputError: there is no such file, the device cannot be reached, or no model can run there.
        IntegrityError: the bundle is damaged, or the device shows another host key than the known one.
    """
    steps = steps or Steps()
    measured = look_at(file, keep=False)
    doing = "timing the operators"
    with steps.step("connect", f"connecting to {host}") as step:

        def attempt() -> dict[str, Any]:
            with dialer.connected(host) as device:
                device.bring_package()
                path = device.send(measured.upload, bytes_of(step, f"sending {file.name} to {host}"))
                step.now(f"{doing} on {host}")
                ended = device.package("profile", path, *options, "--json", doing=doing)
                found = ended.data()
                if found is None or ended.code not in (0, MeasurementError.exit_code):
                    raise device.explained(ended, doing)
                return {**_checked(found, host), "file": str(file), "on": host.url}

        return dialer.persistently(attempt, lambda _: step.now("the connection broke; trying again"))


def _checked(found: dict[str, Any], host: Host) -> dict[str, Any]:
    """What a device said, where it can be shown."""
    try:
        operator_lines(found)
        return {**found, "valid": bool(found["valid"]), "reasons": list(found["reasons"])}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{host}: what it answered is no profile ({type(error).__name__}: {error})") from None
