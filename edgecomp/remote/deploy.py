"""Putting a bundle on one device: sent, installed, measured. The device decides whether it takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, IntegrityError
from .delta import Delta, has_base
from .device import Device
from .dialer import Dialer
from .host import Host
from .profile import now, run_bench
from .upload import Progress, Upload


@dataclass(frozen=True)
class Delivery:
    """What is put on each device.

    Args:
        upload: the bundle.
        model_sha256: of the .tflite in it.
        options: for `edgecomp-runtime install`.
        bench: options for `edgecomp-runtime bench`, which runs after the installation; None measures nothing.
        delta: what devices get instead that have what it builds on, or None.
    """

    upload: Upload
    model_sha256: str
    options: tuple[str, ...] = ()
    bench: tuple[str, ...] | None = ()
    delta: Delta | None = None


@dataclass(frozen=True)
class Deployed:
    """A device that has the bundle.

    Args:
        host: the device.
        model_sha256: of the .tflite.
        at: when, UTC, ISO 8601.
        installation: what `edgecomp-runtime install --json` printed there.
        bench: likewise for `bench`; None where nothing was measured.
        bundle_bytes: of the bundle that was sent, which may be a delta.
    """

    host: Host
    model_sha256: str
    at: str
    installation: dict[str, Any]
    bench: dict[str, Any] | None
    bundle_bytes: int

    @property
    def changed(self) -> bool:
        """Whether the device had another bundle before, or none."""
        return bool(self.installation.get("changed"))

    @property
    def verified(self) -> bool:
        """Whether the golden samples came out right there; the device takes no bundle otherwise."""
        return bool(((self.installation.get("current") or {}).get("verified") or {}).get("passed"))

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        return {
            "at": self.at,
            "installation": self.installation,
            "bench": self.bench,
            "bundle_bytes": self.bundle_bytes,
        }


def deploy(
    delivery: Delivery,
    host: Host,
    dialer: Dialer,
    *,
    progress: Progress = lambda *_: None,
    now_at: Callable[[str], object] = lambda _: None,
) -> Deployed:
    """Puts a bundle on a device.

    A broken connection is taken up again, and so is the upload of an earlier command that did not come to its end. The
    device keeps what it had unless it says that the new bundle is installed.

    Args:
        delivery: what to put there.
        host: the device.
        dialer: reaches it.
        progress: called with the bytes that are there and those there will be.
        now_at: called with what is being done.

    Raises:
        InputError: the device cannot be reached, has no room, or no model can run there.
        IntegrityError: the device refuses the bundle: signature, version, golden samples; or shows another host key.
        BudgetError: it is slower there than the bundle allows.
    """

    def attempt() -> Deployed:
        with dialer.connected(host) as device:
            return _deploy(delivery, device, progress, now_at)

    return dialer.persistently(attempt, lambda _: now_at("the connection broke; trying again"))


def _deploy(delivery: Delivery, device: Device, progress: Progress, now_at: Callable[[str], object]) -> Deployed:
    now_at("sending")
    device.bring_package(keep=True)
    delta = delivery.delta is not None and has_base(device, delivery.delta)
    upload = delivery.delta.upload if delta and delivery.delta is not None else delivery.upload
    path = device.send(upload, progress)
    now_at("installing")
    ended = device.package("install", path, *delivery.options, "--json", doing="installing")
    device.remove(path)  # also where it was refused: then it is of no use there
    installation = ended.data()
    if ended.code != 0 or installation is None:
        raise device.explained(ended, "installing")
    if not isinstance(installation.get("name"), str) or not isinstance(installation.get("current"), dict):
        raise InputError(f"{device.host}: does not say what it has installed; ask with --status")
    if installation.get("packages"):
        device.use_packages(str(installation["packages"]))
    bench = None
    if delivery.bench is not None:
        now_at("measuring")
        bench = run_bench(device, f"installed:{installation['name']}", delivery.bench)
    return Deployed(device.host, delivery.model_sha256, now(), installation, bench, upload.size)


def trust(key: Upload, host: Host, dialer: Dialer) -> dict[str, Any]:
    """Lets a device take bundles that a key has signed.

    Args:
        key: a public key, or an endorsement of one by a key that the device trusts.
        host: the device.
        dialer: reaches it.

    Returns:
        what `edgecomp-runtime trust add --json` prints there.

    Raises:
        EdgecompError: as `deploy`; or it is no key, or one that was revoked there.
    """
    with dialer.connected(host) as device:
        device.bring_package(keep=True)
        return device.ask_package("trust", "add", device.send(key), doing="adding the key")


def roll_back(name: str, host: Host, dialer: Dialer) -> dict[str, Any]:
    """Makes the bundle before the current one current again on a device.

    Returns:
        what `edgecomp-runtime rollback --json` prints there.

    Raises:
        EdgecompError: as `deploy`; or there is nothing to go back to.
    """
    with dialer.connected(host) as device:
        device.bring_package(keep=True)
        return device.ask_package("rollback", name, doing="going back")


def ask_status(host: Host, dialer: Dialer) -> dict[str, Any]:
    """Which models a device has.

    Returns:
        what `edgecomp-runtime status --json` prints there.

    Raises:
        EdgecompError: as `deploy`.
    """
    with dialer.connected(host) as device:
        device.bring_package(keep=True)
        ended = device.package("status", "--json", doing="asking what is installed")
        found = ended.data()
        # Where a bundle is damaged, that is reported in full as well, and the exit code says so.
        if found is None or ended.code not in (0, IntegrityError.exit_code):
            raise device.explained(ended, "asking what is installed")
        return found
