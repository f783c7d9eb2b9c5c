"""Reads files of results, whatever form they are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .forms import bench_result, emulated_result, evaluation_result, report_result
from .json_object import KNOWN, JsonObject, load_json
from .result import Result


def read_all(arguments: Sequence[str]) -> list[Result]:
    """The results of several files; those of a single report of a conversion are preceded by its own float model.

    Args:
        arguments: see `read_results`.

    Raises:
        InputError: see `read_results`.
    """
    if len(arguments) == 1 and _is_whole_report(arguments[0]):
        return [*read_results(f"{arguments[0]}:float"), *read_results(arguments[0])]
    return [one for argument in arguments for one in read_results(argument)]


def _is_whole_report(argument: str) -> bool:
    """Whether it names a report of a conversion that has a float model, and no part of it."""
    path, part = _split(argument)
    data = load_json(path).data
    return part is None and "target" in data and "schema" in data and bool(data.get("float"))


def read_results(argument: str) -> list[Result]:
    """The results in a file.

    Args:
        argument: its path, or the result folder of a conversion, which stands for the report.json in it; for a
            report.json also `path:float`, `path:stock`, or `path:HOST`, a device of the report.

    Returns:
        one result; several for a sweep over threads or engines.

    Raises:
        InputError: the file cannot be read, is no result, has not the part that was named, or a figure in it is none.
    """
    path, part = _split(argument)
    source = load_json(path)
    if "target" in source.data and "schema" in source.data:
        return [report_result(source, path, part)]
    if part is not None:
        raise InputError(f"{path}: {part} names a part of a report.json, and this is none")
    if "sweep" in source.data:
        parts = enumerate(source.items("sweep"))
        return [bench_result(JsonObject(f"{path}: sweep[{place}]", one), path) for place, one in parts]
    for key, form in (
        ("latency_ms", bench_result),
        ("instructions", emulated_result),
        ("metric", evaluation_result),
    ):
        if key in source.data:
            return [form(source, path)]
    raise InputError(f"{path}: is no result that can be compared; {KNOWN}")


def _split(argument: str) -> tuple[str, str | None]:
    if Path(argument).exists():
        return _report_of(argument), None
    path, colon, part = argument.rpartition(":")
    return (_report_of(path), part) if colon and part and Path(path).exists() else (argument, None)


def _report_of(path: str) -> str:
    """The report.json of a result folder; any other path as it is."""
    report = Path(path) / "report.json"
    return str(report) if report.is_file() else path
