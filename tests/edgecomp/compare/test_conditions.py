"""The language of --fail-if: what it accepts means what it says, and what it refuses is refused in words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.compare import Comparison, Device, Figure, Gate, Result, compare, parse_gate
from edgecomp.compare.conditions import DEEPEST, AllOf, AnyOf, Condition, Expression, parse_expression
from edgecomp.compare.gates import failures
from edgecomp.errors import EdgecompError, InputError, MeasurementError

NAMES = ("drop", "latency", "size", "energy-net", "p90")
PI = Device({"cpu": "Cortex-A76", "cpus": "4"})

conditions = st.builds(
    Condition,
    st.sampled_from(NAMES),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: value + 0.0),
)


def grouped(kind: type, inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Of another kind inside: the same kind inside would be written without brackets, and read as one."""
    other = inner.filter(lambda one: not isinstance(one, kind))
    return st.lists(other, min_size=2, max_size=3).map(lambda parts: kind(tuple(parts)))


expressions = st.recursive(conditions, lambda inner: grouped(AllOf, inner) | grouped(AnyOf, inner), max_leaves=8)


@given(expressions, st.text(" \t", max_size=3))
def test_what_is_written_is_what_is_read(expression: Expression, space: str) -> None:
    text = str(expression).replace("(", f"({space}").replace(")", f"{space})").replace(" or ", f" or{space} ")
    assert parse_expression(f"{space}{text}{space}", NAMES) == expression


@given(st.text(max_size=60) | st.text("drop latency size<>=()and or0.5e-", max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(InputError):
        parse_expression(text, NAMES)


@given(expressions, st.dictionaries(st.sampled_from(NAMES), st.floats(-1e9, 1e9), min_size=len(NAMES)))
def test_and_binds_closer_than_or_as_in_python(expression: Expression, values: dict[str, float]) -> None:
    text = str(expression)
    named = text.replace("energy-net", "energy_net")
    expected = eval(named, {}, {name.replace("-", "_"): value for name, value in values.items()})

    def holds(one: Expression) -> bool:
        if isinstance(one, Condition):
            return one.holds(values[one.quantity])
        return (any if isinstance(one, AnyOf) else all)(map(holds, one.parts))

    assert holds(parse_expression(text, NAMES)) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a name is missing"),
        ("latency", "<, <=, > or >= behind latency is missing"),
        ("latency>", "a number behind latency> is missing"),
        ("latency>fast", "a number behind latency> is missing"),
        ("latency>1..2", "is not understood"),
        ("latency>1e999", "a number is too large"),
        ("latency=1", "is not understood"),
        ("drop>1 and", "a name is missing"),
        ("drop>1 size>1", "'size' does not fit there"),
        ("(drop>1", "a bracket is not closed"),
        ("drop>1)", "does not fit there"),
        ("__import__('os')", "is not understood"),
        ("(" * (DEEPEST + 2) + "drop>1" + ")" * (DEEPEST + 2), "nested more than"),
        ("drop>1 or " * 500 + "drop>1", "too long"),
        ("speed>1", "speed is not one of drop, latency, size, energy-net, p90"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(InputError, match="--fail-if") as caught:
        parse_expression(text, NAMES)
    assert says in str(caught.value)


def result(name: str, valid: bool = True, **figures: float) -> Result:
    return Result(name, PI, "", valid, (), {key: Figure(value) for key, value in figures.items()})


@pytest.fixture
def worse() -> Comparison:
    """One point less accurate, 1.5 times as slow, half the size."""
    return compare([result("a", accuracy=0.9, latency=1, size=100), result("b", accuracy=0.89, latency=1.5, size=50)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drop>0.5 and latency>1.1", "b: drop is 1 points, latency is 1.5 times (drop>0.5 and latency>1.1)"),
        ("drop>0.5 and size>1", None),
        ("drop>5 or latency>1.1", "b: latency is 1.5 times (drop>5 or latency>1.1)"),
        ("size>1 and drop>0.5 or latency>1.4", "b: latency is 1.5 times (size>1 and drop>0.5 or latency>1.4)"),
        ("size>1 and (drop>0.5 or latency>1.4)", None),
    ],
)
def test_conditions_together_and_which_of_them_hold(worse: Comparison, text: str, said: str | None) -> None:
    assert failures(worse, parse_gate(text)) == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("drop>0.5 or energy>1", "fails"),
        ("drop>5 and energy>1", "passes"),
        ("drop>5 or energy>1", "unknown"),
        ("drop>0.5 and energy>1", "unknown"),
        ("energy>1 and energy>2 or drop>0.5", "fails"),
    ],
)
def test_what_is_known_decides_where_it_can(worse: Comparison, text: str, outcome: str) -> None:
    gate = parse_gate(text)
    if outcome == "unknown":
        with pytest.raises(InputError, match="cannot be judged"):
            failures(worse, gate)
    else:
        assert bool(failures(worse, gate)) == (outcome == "fails")


def test_a_measurement_that_is_not_valid_is_another_error_than_a_missing_figure() -> None:
    hot = compare([result("a", accuracy=0.9, latency=1), result("b", valid=False, accuracy=0.9, latency=9)])
    gates: list[tuple[Gate, type[EdgecompError]]] = [
        (parse_gate("drop>5 or latency>2"), MeasurementError),
        (parse_gate("drop>5 or size>2"), InputError),
    ]
    for gate, kind in gates:
        with pytest.raises(kind):
            failures(hot, gate)
