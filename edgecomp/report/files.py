"""Reading and writing report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecomp.atomic import write_atomically
from edgecomp.errors import InputError
from edgecomp.report.schema import validate_report


def write_report_json(report: Mapping[str, Any], path: str | Path) -> None:
    """Checks a report and writes it, in one atomic step, as UTF-8 JSON with the keys in the order given.

    Raises:
        InputError: the report breaks the schema; nothing is written then.
        OSError: the file cannot be written.
    """
    validate_report(report)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False, default=plain) + "\n"
    # A file name that is not UTF-8 reaches us with lone surrogates, which UTF-8 cannot hold; backslashreplace
    # writes them as `\udc80`, which is just how JSON spells them.
    data = text.encode("utf-8", "backslashreplace")
    write_atomically(Path(path), data)


def check_place(path: str | Path | None) -> None:
    """Refuses a place for a page before the work that fills it.

    Raises:
        InputError: its folder is not there.
    """
    if path is not None and not Path(path).parent.is_dir():
        raise InputError(f"{path} cannot be written (there is no such folder); name another file")


def write_page(path: str | Path, page: str) -> None:
    """Writes a page where somebody asked for it.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        write_atomically(Path(path), page.encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}); name another file") from error


def read_report_json(path: str | Path) -> dict[str, Any]:
    """Reads a report that `write_report_json` wrote.

    Raises:
        InputError: there is no such file, it is not JSON, or it breaks the schema.
    """
    try:
        report = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): give the report.json of a conversion") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a JSON file ({error}): give the report.json of a conversion") from error
    if not isinstance(report, dict):
        raise InputError(f"{path} holds no JSON object: give the report.json of a conversion")
    try:
        validate_report(report)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return report


def plain(value: Any) -> Any:
    """What `json.dumps` asks for a value it does not know: NumPy's scalars and other mappings and sequences."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    return list(value)
