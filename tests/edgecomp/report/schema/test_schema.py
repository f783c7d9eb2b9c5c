from __future__ import annotations

import copy
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.report import read_report_json, validate_report, write_report_json
from edgecomp.report.schema import REPORT, Fields, Items, Spec

FULL: dict[str, Any] = {
    "schema": 1,
    "target": "raspberry-pi-4b",
    "recipe": {"passes": [{"name": "quantize", "scheme": "int8"}]},
    "seed": 0,
    "source": {"path": "digits.keras", "format": "keras", "params": 900, "macs": 12_000, "sha256": "ab" * 32},
    "float": {"bytes": 4000, "gzip_bytes": 3000, "metric": {"name": "top1", "value": 0.91, "n": 900}},
    "compressed": {"bytes": 1000, "latency_ms": {"p50": 0.2, "p90": None, "valid": True}, "scheme": "int8"},
    "drop_points": 0.2,
    "budget": {"max_drop_points": 1.0, "met": True},
    "layers": [
        {
            "name": "conv",
            "op": "CONV_2D",
            "macs": 12,
            "bytes": 9,
            "sqnr_db": -1.5,
            "tensor": "net/conv/Relu",
            "range": [0.0, 6.1],
            "representable": [0, 6],
            "clipped_share": 0.01,
            "histogram": {"low": 0, "high": 6.1, "counts": [5, 0, 1]},
        }
    ],
    "tried": [{"settings": {"ranges": "kl", "equalize": True}, "error_db": 30.5, "seconds": 0.4, "kept": True}],
    "quantization": {"effort": "normal", "held_out": 50, "equalized": [{"from": "a", "to": "b", "factor": 2.5}]},
    "steps": [{"name": "export", "seconds": 1.25}],
    "warnings": ["none to speak of"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def with_value(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    report = copy.deepcopy(FULL)
    place: Any = report
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return report


def refusal(report: Any) -> str | None:
    try:
        validate_report(report)
    except InputError as error:
        return str(error)
    return None


def known_paths(spec: Spec = REPORT, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(spec, Fields):
        return [
            path
            for name, inner in spec.known.items()
            for path in [(*prefix, name), *known_paths(inner, (*prefix, name))]
        ]
    return known_paths(spec.item, (*prefix, 0)) if isinstance(spec, Items) else []


def test_a_full_report_and_the_smallest_one_are_accepted() -> None:
    validate_report(FULL)
    validate_report({"schema": 1, "target": "browser"})


@pytest.mark.parametrize("key", sorted(set(FULL) - {"schema", "target"}))
def test_whatever_was_not_measured_may_be_null(key: str) -> None:
    validate_report({**FULL, key: None})


def test_keys_of_a_later_version_are_let_through() -> None:
    validate_report(with_value(("compressed", "energy_mj"), {"p50": 3.1}))


def test_numpy_scalars_are_numbers() -> None:
    validate_report(with_value(("drop_points",), np.float32(0.25)))
    validate_report(with_value(("float", "bytes"), np.int64(9)))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("schema",), 2, "schema is 2"),
        (("schema",), None, "schema is missing"),
        (("target",), None, "target is missing"),
        (("target",), 7, "target is 7, expected a string"),
        (("drop_points",), math.nan, "drop_points is nan"),
        (("layers", 0, "sqnr_db"), math.inf, r"layers\[0\].sqnr_db is inf"),
        (("layers", 0, "sqnr_db"), np.float32("nan"), r"layers\[0\].sqnr_db is nan"),
        (("recipe", "passes", 0, "ratio"), -math.inf, r"recipe.passes\[0\].ratio is -inf"),
        (("float", "bytes"), 1.5, "float.bytes is 1.5, expected a whole number"),
        (("float", "bytes"), -1, "float.bytes is -1, expected"),
        (("float", "bytes"), True, "float.bytes is True, expected a number"),
        (("agreement",), 1.2, "agreement is 1.2, expected between 0 and 1"),
        (("layers", 0, "range"), [1, 2, 3], r"layers\[0\].range has 3 items, expected 2"),
        (("layers", 0, "range"), [0, math.inf], r"layers\[0\].range\[1\] is inf"),
        (("layers", 0, "histogram", "counts"), [-1], r"counts\[0\] is -1"),
        (("layers", 0, "clipped_share"), 1.5, "clipped_share is 1.5, expected between 0 and 1"),
        (("tried", 0, "settings", "equalize"), "yes", "equalize is 'yes', expected true or false"),
        (("quantization", "equalized", 0, "factor"), -2, "factor is -2, expected at least 0"),
        (("budget", "met"), 1, "budget.met is 1, expected true or false"),
        (("warnings",), "one", "warnings is 'one', expected a list"),
        (("layers", 0), None, r"layers\[0\] is None, expected an object"),
        (("recipe", "when"), {1, 2}, "recipe.when is {1, 2}, expected something JSON can hold"),
        (("recipe", 3), 1, "recipe.3 is 3, expected a string for a key"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(path: tuple[str | int, ...], value: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        validate_report(with_value(path, value))


def test_a_budget_that_the_figures_break_is_not_met() -> None:
    with pytest.raises(InputError, match=r"budget.met is true, but drop_points \(1.5\)"):
        validate_report(with_value(("drop_points",), 1.5))


def test_endless_nesting_is_refused() -> None:
    nested: Any = 1
    for _ in range(500):
        nested = [nested]
    with pytest.raises(InputError, match="nested more than"):
        validate_report(with_value(("recipe", "deep"), nested))


@settings(max_examples=150)
@given(path=st.sampled_from(known_paths()), value=JSON)
def test_any_value_at_any_known_place_is_accepted_or_refused_by_its_path(
    path: tuple[str | int, ...], value: Any
) -> None:
    report: Any = {"schema": 1, "target": "t"}
    place = report
    for part, following in itertools.pairwise(path):
        if isinstance(place, list):
            place.append([] if isinstance(following, int) else {})
            place = place[0]
        else:
            place = place.setdefault(part, [] if isinstance(following, int) else {})
    if isinstance(place, list):
        place.append(value)
    else:
        place[path[-1]] = value
    complaint = refusal(report)
    if complaint is None:
        json.dumps(report, allow_nan=False)
    else:
        assert str(path[0]) in complaint


def test_a_written_report_reads_back_the_same(tmp_path: Path) -> None:
    report = with_value(("source", "path"), "Größe\udcff <&>\u2028.keras")
    write_report_json(report, tmp_path / "report.json")
    assert read_report_json(tmp_path / "report.json") == report


def test_numpy_scalars_are_written_as_numbers(tmp_path: Path) -> None:
    write_report_json(with_value(("float", "bytes"), np.int64(9)), tmp_path / "report.json")
    assert read_report_json(tmp_path / "report.json")["float"]["bytes"] == 9


def test_a_refused_report_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report_json(FULL, path)
    before = path.read_bytes()
    with pytest.raises(InputError):
        write_report_json(with_value(("drop_points",), math.nan), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "is not a JSON file"),
        (b"\xff\xfe\x00", "is not a JSON file"),
        (b"[1, 2]", "holds no JSON object"),
        (b'{"schema": 1}', "target is missing"),
        (b'{"schema": 1, "target": "t", "drop_points": NaN}', "drop_points is nan"),
        (b"[" * 100_000, "is not a JSON file"),
    ],
)
def test_a_file_that_is_no_report_is_named_in_the_error(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "odd.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_report_json(path)
    assert str(path) in str(caught.value)


def test_every_key_of_the_schema_is_documented() -> None:
    page = (Path(__file__).parents[4] / "docs" / "report.md").read_text("utf-8")
    names = {str(path[-1]) for path in known_paths() if path[-1] != 0}
    assert sorted(name for name in names if f"`{name}`" not in page) == []
