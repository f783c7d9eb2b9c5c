"""Reads what `benchmark_model` prints.

Its lines have changed over the years, and all forms are read: with `INFO:` or a log's time before them; with median and
percentiles, as the newest have it, or without; `Average inference timings in us`, as the oldest had it.
tensorflow/lite/tools/benchmark/benchmark_model.cc and tsl/util/stats_calculator.h have the words.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ...errors import InputError
from ..failures import printable

_NUMBER = r"([-+]?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?)"
_FIGURE = re.compile(rf"\b(count|first|curr|min|max|avg|std|p5|median|p95)={_NUMBER}")
_STATISTICS = re.compile(r"\bcount=[0-9]+\b.*")
_TIMINGS = re.compile(r"(?:Inference|Average inference) timings in us: (.*)")
_TIMING = re.compile(rf"(Init|First inference|Warmup \(avg\)|Inference \(avg\)|Warmup|no stats): {_NUMBER}")
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: {_NUMBER}")
_DELTA = re.compile(
    rf"[Mm]emory footprint(?: delta from the start of the tool)? \(MB\): init={_NUMBER} overall={_NUMBER}"
)
_REPLACED = re.compile(
    r"Replacing (\d{1,9}) out of (\d{1,9}) node\(s\) with delegate \((\w+)\) node, yielding (\d{1,9}) partitions"
)
_SAID_WHY = re.compile(
    r"(?:ERROR|FATAL)[: ]+(.+)|(CANNOT LINK EXECUTABLE.+)|(.*(?:not found|Permission denied|No such file).*)"
)

_LONGEST = 200


@dataclass(frozen=True)
class Statistics:
    """A line of statistics; times are milliseconds.

    Args:
        runs: inferences.
        mean: of their times.
        least: the shortest.
        most: the longest.
        median: None where the program is too old to print it.
        p95: likewise.
        first: the first run.
    """

    runs: int
    mean: float
    least: float
    most: float
    median: float | None
    p95: float | None
    first: float


@dataclass(frozen=True)
class Delegated:
    """What a delegate took over, as TensorFlow Lite says when it is applied.

    Args:
        name: "TfLiteXNNPackDelegate" and the like.
        nodes: operators that it took.
        of: operators that there were.
        partitions: connected parts that they make.
    """

    name: str
    nodes: int
    of: int
    partitions: int

    @property
    def is_xnnpack(self) -> bool:
        """Whether it is XNNPACK's."""
        return "xnnpack" in self.name.lower()


@dataclass(frozen=True)
class Transcript:
    """One run of benchmark_model.

    Args:
        load_ms: from opening the file to allocated tensors.
        first_ms: the first inference.
        warm_up: the runs before the measurement; None where the program printed none.
        measured: the runs that count.
        delegated: delegates that took something over.
        not_delegated: whether a delegate that was asked for took nothing.
        created_xnnpack: whether XNNPACK was created.
        peak_bytes: the largest footprint that was seen; None where it was not looked for.
        added_bytes: by which the footprint grew until the end; None where the system does not tell.
    """

    load_ms: float
    first_ms: float
    warm_up: Statistics | None
    measured: Statistics
    delegated: tuple[Delegated, ...]
    not_delegated: bool
    created_xnnpack: bool
    peak_bytes: int | None
    added_bytes: int | None


def read_transcript(text: str) -> Transcript:
    """Reads one run's output.

    Args:
        text: both streams.

    Raises:
        InputError: it has no timings, or figures that are none.
    """
    timings = _TIMINGS.search(text)
    lines = [_statistics(found[0]) for found in _STATISTICS.finditer(text)]
    if timings is None or not lines:
        raise InputError("what benchmark_model printed has no timings")
    figures = {name: _number(value) for name, value in _TIMING.findall(timings[1])}
    if "Init" not in figures:
        raise InputError("what benchmark_model printed has no time for loading")
    measured, warm_up = lines[-1], lines[-2] if len(lines) > 1 else None
    first = figures.get("First inference")
    return Transcript(
        load_ms=figures["Init"] / 1000,
        first_ms=first / 1000 if first is not None else (warm_up or measured).first,
        warm_up=warm_up,
        measured=measured,
        delegated=_delegated(text),
        not_delegated="will not be executed by the delegate" in text,
        created_xnnpack="XNNPACK delegate for CPU" in text or any(one.is_xnnpack for one in _delegated(text)),
        peak_bytes=_bytes(_PEAK.search(text), 1),
        added_bytes=_bytes(_DELTA.search(text), 2),
    )


def why_it_failed(text: str) -> str:
    """What a run that measured nothing had to say, in one line; "" where it said nothing."""
    found = [next(filter(None, one.groups())) for one in _SAID_WHY.finditer(printable(text))]
    lines = [" ".join(line.split()) for line in found] or [" ".join(printable(text).split())]
    # The first error is the cause; what follows are its consequences.
    return lines[0] if len(lines[0]) <= _LONGEST else f"{lines[0][:_LONGEST]}…"


def _statistics(line: str) -> Statistics:
    figures = {name: _number(value) for name, value in _FIGURE.findall(line)}
    runs = int(figures["count"])
    same = figures.get("curr")  # where all runs took equally long there is nothing else
    known = {name: figures.get(name, same) for name in ("first", "min", "max", "avg")}
    if runs < 1 or any(value is None for value in known.values()):
        raise InputError("benchmark_model measured not a single run")
    milliseconds = {name: (value or 0.0) / 1000 for name, value in known.items()}
    return Statistics(
        runs,
        milliseconds["avg"],
        milliseconds["min"],
        milliseconds["max"],
        _thousandth(figures.get("median")),
        _thousandth(figures.get("p95")),
        milliseconds["first"],
    )


def _delegated(text: str) -> tuple[Delegated, ...]:
    found = (Delegated(name, int(nodes), int(of), int(parts)) for nodes, of, name, parts in _REPLACED.findall(text))
    return tuple(dict.fromkeys(one for one in found if one.nodes))


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _bytes(found: re.Match[str] | None, group: int) -> int | None:
    return None if found is None else int(_number(found[group]) * 2**20)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and 0 <= value < 1e15):
        raise InputError(f"benchmark_model printed {text!r}, which is no figure")
    return value
