"""What `edgecomp profile --on ssh://…` does: the device package measures there, and nothing is left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.engines import is_tflite

from ..errors import InputError, IntegrityError, MeasurementError
from ..progress import Step, Steps
from .device import Device
from .dialer import Dialer
from .host import Host
from .upload import Upload


@dataclass(frozen=True)
class Measurement:
    """A file, measured on a device.

    Args:
        file: its path here.
        host: the device.
        model_sha256: of the .tflite that was measured.
        at: when, UTC, ISO 8601.
        bench: what `edgecomp-runtime bench --json` printed there.
        verification: for a bundle with golden samples what `edgecomp-runtime verify --json` printed there, else None.
    """

    file: str
    host: Host
    model_sha256: str
    at: str
    bench: dict[str, Any]
    verification: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """The measurement as JSON-ready data."""
        return {
            "file": self.file,
            "on": self.host.url,
            "at": self.at,
            "model_sha256": self.model_sha256,
            **self.bench,
            "verification": self.verification,
        }

    @property
    def valid(self) -> bool:
        """Whether the device says that the measurement counts."""
        return bool(self.bench.get("valid"))

    @property
    def verified(self) -> bool | None:
        """Whether the golden samples came out right; None where there are none."""
        return None if self.verification is None else bool(self.verification.get("passed"))


@dataclass(frozen=True)
class Measured:
    """What is going to be measured.

    Args:
        upload: the file.
        model_sha256: of the .tflite in it.
        has_goldens: whether golden samples come with it.
        has_packages: whether Python packages with compiled code do.
    """

    upload: Upload
    model_sha256: str
    has_goldens: bool
    has_packages: bool


def profile_remote(
    file: Path, host: Host, dialer: Dialer, bench: tuple[str, ...] = (), *, steps: Steps | None = None
) -> Measurement:
    """Measures a file on a device.

    Args:
        file: a .tflite or a bundle's zip.
        host: the device.
        dialer: reaches it.
        bench: options for `edgecomp-runtime bench`.
        steps: shows progress.

    Raises:
        InputError: there is no such file, the device cannot be reached, or no model can run there.
        IntegrityError: the bundle is damaged, or the device shows another host key than the known one.
    """
    steps = steps or Steps()
    measured = look_at(file, keep=False)
    with steps.step("connect", f"connecting to {host}") as step:

        def attempt() -> Measurement:
            with dialer.connected(host) as device:
                device.bring_package()
                path = device.send(measured.upload, bytes_of(step, f"sending {file.name} to {host}"))
                if measured.has_packages:
                    device.use_packages_of(path)
                step.now(f"measuring on {host}")
                verification = _verify(device, path) if measured.has_goldens else None
                found = run_bench(device, path, bench)
                return Measurement(str(file), host, measured.model_sha256, now(), found, verification)

        return dialer.persistently(attempt, lambda _: step.now("the connection broke; trying again"))


def look_at(file: Path, *, keep: bool) -> Measured:
    """Checks a file here, before anything is sent.

    Raises:
        InputError: it is neither a .tflite nor a bundle in one file.
        IntegrityError: the bundle is damaged.
    """
    if not file.exists():
        raise InputError(f"{file}: there is no such file")
    if file.is_dir():
        raise InputError(f"{file}: is a folder; give the bundle.zip or the .tflite in it")
    if is_bundle(file):
        bundle = read_bundle(file)
        entry = bundle.manifest.entry(bundle.manifest.model)
        assert entry is not None
        model_sha256, has_goldens = entry.sha256, bundle.manifest.golden is not None
        wheels = [one.name for one in bundle.manifest.files if one.name.endswith(".whl")]
        has_packages = any(not name.startswith("edgecomp_runtime-") for name in wheels)
    elif is_tflite(file):
        model_sha256, has_goldens, has_packages = hashlib.sha256(file.read_bytes()).hexdigest(), False, False
    else:
        raise InputError(f"{file}: is neither a .tflite model nor a bundle")
    return Measured(Upload.of_file(file, keep=keep), model_sha256, has_goldens, has_packages)


def run_bench(device: Device, path: str, options: tuple[str, ...]) -> dict[str, Any]:
    """What the device package measures there, valid or not.

    Raises:
        InputError, EdgecompError: it measured nothing.
    """
    ended = device.package("bench", path, *options, "--json", doing="measuring")
    found = ended.data()
    if found is None or ended.code not in (0, MeasurementError.exit_code):
        raise device.explained(ended, "measuring")
    if not isinstance(found.get("latency_ms"), dict) or not isinstance(found.get("engine"), dict):
        raise InputError(f"{device.host}: what it measured has no latency or no engine")
    return found


def _verify(device: Device, path: str) -> dict[str, Any]:
    ended = device.package("verify", path, "--json", doing="running the golden samples")
    found = ended.data()
    # Golden samples that do not come out are reported in full as well, and end with another exit code.
    if found is None or ended.code not in (0, IntegrityError.exit_code):
        raise device.explained(ended, "running the golden samples")
    return found


def bytes_of(step: Step, description: str) -> Callable[[int, int], object]:
    """Shows an upload, in kilobytes."""
    return lambda done, total: step.at(done // 1000, max(1, total // 1000), f"{description} (kB)")


def now() -> str:
    """The time, as reports state it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
