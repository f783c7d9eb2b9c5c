"""A network's time by operator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from edgecomp_runtime.cli import main
from edgecomp_runtime.errors import InputError
from edgecomp_runtime.measure.operators import OperatorProfile, attribute, judge_operators, profile_operators
from edgecomp_runtime.measure.prefixes import Operator
from hypothesis import given
from hypothesis import strategies as st

GRAPH = [Operator(place, name, (place,), (place + 1,), f"layer_{place}") for place, name in enumerate("ABC")]


def profile(models: Path, name: str, seconds: float = 0.5) -> OperatorProfile:
    return profile_operators((models / f"{name}.tflite").read_bytes(), seconds=seconds)


def test_operators_come_in_their_order_and_to_the_total(models: Path) -> None:
    found = profile(models, "photo_int8")

    assert [one.name for one in found.operators] == ["CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    assert found.call_ms + sum(one.ms for one in found.operators) == pytest.approx(found.total_ms)
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_total_reconciles_with_the_whole_inference(models: Path) -> None:
    # Other programs may disturb one measurement, hardly each of many; a fault would be in all of them.
    gaps = (abs(found.total_ms / found.whole_ms - 1) for found in (profile(models, "photo_float") for _ in range(20)))

    assert any(gap < 0.1 for gap in gaps)


def test_the_operator_with_the_most_work_takes_the_most_time(models: Path) -> None:
    found = profile_operators((models / "photo_float.tflite").read_bytes(), seconds=0.5, delegate=False)

    assert max(found.operators, key=lambda one: one.ms).name == "CONV_2D"
    assert not found.engine.xnnpack


@given(
    st.lists(st.lists(st.floats(0, 100), min_size=4, max_size=4), min_size=1, max_size=7),
    st.floats(0.001, 100),
)
def test_whatever_was_measured_nothing_gets_lost(reached: list[list[float]], whole: float) -> None:
    times = np.asarray(reached)

    found = attribute(GRAPH, times, np.full(len(times), whole))

    middle = np.median(times, axis=0)
    assert sum(one.ms for one in found) == pytest.approx(middle[-1] - middle[0], abs=1e-9)
    assert all(one.low_ms <= one.high_ms for one in found)


def test_a_spell_of_slowness_in_one_round_moves_no_operator() -> None:
    reached = np.tile([0.0, 1.0, 3.0, 3.5], (5, 1))
    reached[2] *= 7

    found = attribute(GRAPH, reached, np.full(5, 3.5))

    assert [one.ms for one in found] == pytest.approx([1.0, 2.0, 0.5])
    assert [one.high_ms for one in found] == pytest.approx([7.0, 14.0, 3.5])
    assert [one.share for one in found] == pytest.approx([1 / 3.5, 2 / 3.5, 0.5 / 3.5])


def test_a_total_that_is_off_or_operators_below_nothing_do_not_count() -> None:
    good = attribute(GRAPH, np.asarray([[0.0, 1.0, 3.0, 4.0]]), np.asarray([4.0]))
    noisy = attribute(GRAPH, np.asarray([[0.0, 3.0, 2.0, 4.0]]), np.asarray([4.0]))

    assert judge_operators(good, whole_ms=4.0, total_ms=4.3) == ()
    assert "not steady" in judge_operators(good, whole_ms=4.0, total_ms=4.5)[0]
    assert "noise" in judge_operators(noisy, whole_ms=4.0, total_ms=4.0)[0]


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": float("nan")}, {"rounds": 0}])
def test_nothing_to_measure_is_refused(models: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="more than 0"):
        profile_operators((models / "table.tflite").read_bytes(), **wrong)  # type: ignore[arg-type]


def test_progress_rises_to_the_end(models: Path) -> None:
    shares: list[float] = []
    profile_operators((models / "table.tflite").read_bytes(), seconds=0.05, rounds=2, progress=shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_command_prints_a_line_an_operator_or_json(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(models / "photo_int8.tflite")
    text_code = main(["profile", model, "--seconds", "0.3"])
    text = capsys.readouterr().out
    json_code = main(["profile", model, "--seconds", "0.3", "--json"])
    data = json.loads(capsys.readouterr().out)

    assert {text_code, json_code} <= {0, 4}  # 4: other programs run at the same time
    assert "CONV_2D" in text
    assert "(the call)" in text
    assert [one["name"] for one in data["operators"]] == ["CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]
    assert json_code == (0 if data["valid"] else 4)


def test_a_bundle_is_profiled_as_its_model(write_bundle: object, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_bundle()  # type: ignore[operator]

    assert main(["profile", str(bundle), "--seconds", "0.2", "--json"]) in (0, 4)
    assert len(json.loads(capsys.readouterr().out)["operators"]) == 4
