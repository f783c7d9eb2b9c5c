"""What devices said of a model, put into the report of its conversion."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecomp.atomic import write_atomically
from edgecomp.errors import InputError
from edgecomp.report.files import read_report_json, write_report_json
from edgecomp.report.html import render_html
from edgecomp.report.markdown import render_markdown

REPORT_FILE, PAGE_FILE, TEXT_FILE = "report.json", "report.html", "report.md"


@dataclass(frozen=True)
class Merged:
    """What became of a report.

    Args:
        path: the report.
        note: why it was left as it was, or "".
    """

    path: Path
    note: str = ""


def device_entry(
    *, host: str, at: str, bench: Mapping[str, Any] | None, verified: bool | None, installed: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a report says of one device.

    Args:
        host: its name.
        at: when, UTC, ISO 8601.
        bench: what `edgecomp-runtime bench --json` printed there, or None.
        verified: whether the golden samples came out right there; None where that is not known.
        installed: the `current` that `edgecomp-runtime install --json` printed there, or None.
    """
    found: dict[str, Any] = {"host": host, "at": at, "verified": verified}
    if installed is not None:
        found["installed"] = {key: installed[key] for key in ("version", "sha256", "key") if key in installed}
    if bench is not None:
        latency = bench.get("latency_ms") or {}
        kept = ("p50", "p90", "p99", "runs", "intervals")
        found["latency_ms"] = {key: latency[key] for key in kept if key in latency}
        found["latency_ms"]["valid"] = bool(bench.get("valid"))
        same = ("load_ms", "first_ms", "peak_memory_bytes", "engine", "machine", "reasons")
        found.update({key: bench[key] for key in same if key in bench})
    return found


def with_devices(report: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A report with what devices said; what one said before gives way, but for what was not asked this time.

    `measured` is what the last of them that measured validly said.
    """
    by_host = {str(one.get("host")): dict(one) for one in report.get("devices") or [] if one}
    for entry in entries:
        before = by_host.pop(str(entry["host"]), {})
        by_host[str(entry["host"])] = {**before, **{key: value for key, value in entry.items() if value is not None}}
    merged = {**report, "devices": list(by_host.values())}
    valid = [one for one in entries if (one.get("latency_ms") or {}).get("valid")]
    if valid:
        merged["measured"] = _measured(valid[-1])
    return merged


def merge_into(folder: Path, entries: Sequence[Mapping[str, Any]], model_sha256: str) -> Merged | None:
    """Writes what devices said into the report beside a bundle, and its pages anew.

    Args:
        folder: where the bundle is.
        entries: see `device_entry`.
        model_sha256: of the .tflite that they are about.

    Returns:
        what became of the report; None where there is none, or nothing to say.
    """
    path = folder / REPORT_FILE
    if not entries or not path.is_file():
        return None
    try:
        with _alone(path):
            report = read_report_json(path)
            if (report.get("compressed") or {}).get("sha256") != model_sha256:
                return Merged(path, "it is about another model")
            merged = with_devices(report, entries)
            pages = {PAGE_FILE: render_html(merged), TEXT_FILE: render_markdown(merged)}
            write_report_json(merged, path)
            for name, page in pages.items():
                if (folder / name).exists():
                    write_atomically(folder / name, page.encode())
    except InputError as error:
        return Merged(path, str(error))
    except OSError as error:
        return Merged(path, f"it cannot be written ({error.strerror or error})")
    return Merged(path)


def _measured(entry: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{entry['host']}: {entry['machine']}" if entry.get("machine") else str(entry["host"])
    return {"where": where, "latency_ms": entry["latency_ms"], "peak_memory_bytes": entry.get("peak_memory_bytes")}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps two commands from writing each other's figures away."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
