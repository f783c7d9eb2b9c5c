"""Logs of USB meters."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from pathlib import Path

import pytest
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.measure.energy import Span
from edgecomp_runtime.measure.energy.log_file import read_log
from hypothesis import given
from hypothesis import strategies as st

START = 1_790_000_000


def log(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "meter.csv"
    path.write_text("".join(f"{line}\n" for line in [header, *rows]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("time,power", "{t},2.5"),
        ("Timestamp;Power (mW)", "{t};2500"),
        ("unix\tPower[µW]", "{t}\t2500000"),
        ("time_s,voltage_v,current_ma", "{t},5,500"),
        ("Time,U(V),I(A),note", "{t},5.0,0.5,ok"),
        ("time_ms,power_w", "{t}000,2.5"),
        ("power,temperature,datetime", "2.5,40,{iso}"),
    ],
)
def test_each_form_gives_the_same_energy(tmp_path: Path, header: str, row: str) -> None:
    rows = [
        row.format(t=START + second, iso=datetime.fromtimestamp(START + second, timezone.utc).isoformat())
        for second in range(11)
    ]

    curve = read_log(log(tmp_path, header, rows))

    assert curve.between(Span(START, START + 10)) == pytest.approx(25.0)
    assert len(curve.times) == 11


def test_utc_can_be_written_as_a_letter(tmp_path: Path) -> None:
    curve = read_log(log(tmp_path, "time,power", ["2026-11-26T04:00:00Z,1", "2026-11-26T04:00:10Z,1"]))

    start = datetime(2026, 11, 26, 4, tzinfo=timezone.utc).timestamp()
    assert list(curve.times) == [start, start + 10]


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    path = log(tmp_path, "time,power", [f"{START},1", f"{START + 1},1"])
    path.write_text(path.read_text() + f"{START + 2},")

    assert len(read_log(path).times) == 2


@pytest.mark.parametrize(
    ("header", "rows", "reason"),
    [
        ("time,temperature", [f"{START},40"], "neither a column of power"),
        ("time,voltage", [f"{START},5"], "neither a column of power"),
        ("power", ["1"], "no column of times"),
        ("time,power", ["0.0,1", "0.5,1"], "start at 0 and not at a date"),
        ("time,power", [f"{START},1", f"{START + 1},much"], "line 3"),
        ("time,power", [f"{START},nan"], "line 2"),
        ("time,power", [f"{START}"], "line 2"),
    ],
)
def test_what_is_no_such_log_is_refused_with_the_place(
    tmp_path: Path, header: str, rows: list[str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read_log(log(tmp_path, header, rows))


def test_a_missing_file_and_one_that_is_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_log(tmp_path / "absent.csv")
    (tmp_path / "meter.csv").write_bytes(b"\xff\xfe\x00\x81\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_log(tmp_path / "meter.csv")


@given(
    st.text(max_size=120)
    | st.lists(st.text("0123456789.,-TZ:e+", max_size=30)).map(lambda rows: "\n".join(["time,power", *rows, ""]))
)
def test_garbage_is_read_or_refused_and_nothing_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "meter.csv"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(InputError):
        read_log(path)
