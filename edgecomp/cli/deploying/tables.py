"""What `edgecomp deploy` shows: one line for each device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ...remote.failures import printable
from ...report.formats import milliseconds

if TYPE_CHECKING:
    from ...remote.deploy import Deployed
    from ...remote.rollout import Outcome

_SHA_DIGITS = 12


def deployed_table(outcomes: Sequence[Outcome[Deployed]]) -> Table:
    """Who has the bundle now, and how fast it is there."""
    table = _table("Device", "Outcome", "Model", "Version", "Bundle", "Latency")
    for one in outcomes:
        if one.found is None:
            _unsuccessful(table, one)
            continue
        current = one.found.installation.get("current") or {}
        outcome = "installed" if one.found.changed else "had it already"
        latency = _latency(one.found.bench)
        _add(table, one.host, outcome, one.found.installation.get("name"), *_release(current)[:2], latency)
    return table


def status_table(outcomes: Sequence[Outcome[dict[str, Any]]]) -> Table:
    """Which device has what."""
    table = _table("Device", "Model", "Version", "Bundle", "Installed", "Signed by", "Before")
    for one in outcomes:
        if one.found is None:
            _unsuccessful(table, one)
            continue
        models = one.found.get("models") or []
        if not models:
            _add(table, one.host, "nothing is installed")
        for model in models:
            current, previous = model.get("current") or {}, model.get("previous") or {}
            before = f"version {previous.get('version')}" if previous else ""
            release = (*_release(current), current.get("installed"), current.get("key") or "nobody")
            _add(
                table,
                one.host,
                model.get("name"),
                *release,
                f"DAMAGED: {model['damage']}" if model.get("damage") else before,
            )
    return table


def rolled_back_table(outcomes: Sequence[Outcome[dict[str, Any]]]) -> Table:
    """Who is back to which version."""
    table = _table("Device", "Outcome", "Model", "Version", "Bundle")
    for one in outcomes:
        if one.found is None:
            _unsuccessful(table, one)
        else:
            _add(table, one.host, "went back", one.found.get("name"), *_release(one.found.get("current") or {}))
    return table


def trusted_table(outcomes: Sequence[Outcome[dict[str, Any]]]) -> Table:
    """Who trusts which key."""
    table = _table("Device", "Outcome", "Key")
    for one in outcomes:
        if one.found is None:
            _unsuccessful(table, one)
        else:
            _add(table, one.host, "trusts", f"{one.found.get('key')} {one.found.get('comment') or ''}".rstrip())
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _add(table: Table, *cells: object) -> None:
    """A row of texts, some of which come from devices: nothing in them is markup or a command to the terminal."""
    table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))


def _unsuccessful(table: Table, outcome: Outcome[Any]) -> None:
    _add(table, outcome.host, "not begun" if outcome.error is None else "FAILED")


def _release(entry: Mapping[str, Any]) -> tuple[object, str]:
    return entry.get("version"), str(entry.get("sha256") or "")[:_SHA_DIGITS]


def _latency(bench: Mapping[str, Any] | None) -> str:
    if bench is None:
        return "not measured"
    text = f"{milliseconds((bench.get('latency_ms') or {}).get('p50'))} p50"
    if bench.get("valid"):
        return text
    # Each reason begins with what it is about, as in "noisy neighbour: other programs kept …".
    about = ", ".join(dict.fromkeys(str(one).partition(":")[0] for one in bench.get("reasons") or []))
    return f"{text}, not valid ({about})" if about else f"{text}, not valid"
