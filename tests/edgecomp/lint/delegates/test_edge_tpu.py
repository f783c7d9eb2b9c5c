"""The limits that Coral's page states, each on an operator that keeps it and on one that does not.

The compiler itself is not here to ask: it comes as a package for Debian from a repository of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgecomp.lint.delegates.edge_tpu import first_left_over, refusal, taken
from edgecomp.targets import load_target
from edgecomp.tflite import read_tflite

SUPPORTED = load_target("coral-edgetpu").operators.accelerated
IMAGE = (1, 8, 8, 4)
RELU = {"fusedActivationFunction": 1}


def reason_for(
    draft: Any,
    name: str,
    *constants: Any,
    source: tuple[int, ...] = IMAGE,
    result: tuple[int, ...] = IMAGE,
    dtype: str = "int8",
    first: bool = False,
    **options: Any,
) -> str | None:
    """The decision about one operator: a tensor, then constants of int32 (before it where `first`), and the result."""
    given = [draft.tensor((len(values),), "int32", values=values) for values in constants]
    one, out = draft.tensor(source, dtype), draft.tensor(result, dtype)
    draft.operator(name, [*given, one] if first else [one, *given], [out], **options)
    graph = read_tflite(draft.file([one], [out])).main
    return refusal(graph, graph.operators[0], SUPPORTED)


@pytest.mark.parametrize(
    ("name", "constants", "good", "bad", "why"),
    [
        ("MAX_POOL_2D", [], {"kind": "Pool2DOptions"}, {"kind": "Pool2DOptions"} | RELU, "fused activation"),
        ("AVERAGE_POOL_2D", [], {"kind": "Pool2DOptions"}, {"kind": "Pool2DOptions"} | RELU, "fused activation"),
        ("RELU", [], {}, {"source": (2, 8, 8, 4), "result": (2, 8, 8, 4)}, "more than three axes"),
        ("RELU", [], {}, {"dtype": "float32"}, "works on float32"),
        ("TANH", [], {}, {"dtype": "int16"}, "works on int16"),
        ("SOFTMAX", [], {"source": (1, 10), "result": (1, 10)}, {"source": (5, 10), "result": (5, 10)}, "one axis"),
        ("SOFTMAX", [], {"source": (1, 9)}, {"source": (1, 16_001), "result": (1, 16_001)}, "16000 elements"),
        (
            "CONV_2D",
            [],
            {"kind": "Conv2DOptions", "dilationHFactor": 2, "dilationWFactor": 2},
            {"kind": "Conv2DOptions", "dilationHFactor": 2},
            "dilation differs",
        ),
    ],
)
def test_limits_of_operators_without_constants(
    new_draft: Any, name: str, constants: list[Any], good: dict[str, Any], bad: dict[str, Any], why: str
) -> None:
    assert reason_for(new_draft(), name, **good) is None
    assert why in (reason_for(new_draft(), name, **bad) or "")


@pytest.mark.parametrize(
    ("name", "good", "bad", "why"),
    [
        ("MEAN", [[1, 2]], [[0, 1]], "reduces the batch"),
        ("MEAN", [[-1]], [[-4]], "reduces the batch"),
        ("SUM", [[3]], [[0]], "reduces the batch"),
        ("PAD", [[0, 0, 1, 1, 1, 1, 0, 0]], [[1, 0, 1, 1, 1, 1, 0, 0]], "pads the batch"),
        ("STRIDED_SLICE", [[0] * 4, [1] * 4, [1] * 4], [[0] * 4, [1] * 4, [1, 2, 1, 1]], "steps are not 1"),
    ],
)
def test_limits_of_operators_with_constants(
    new_draft: Any, name: str, good: list[Any], bad: list[Any], why: str
) -> None:
    assert reason_for(new_draft(), name, *good) is None
    assert why in (reason_for(new_draft(), name, *bad) or "")


def test_a_split_of_the_batch(new_draft: Any) -> None:
    assert reason_for(new_draft(), "SPLIT", [3], first=True) is None
    assert reason_for(new_draft(), "SPLIT", [0], first=True) == "it splits the batch"


def test_operators_that_the_edge_tpu_has_not(new_draft: Any) -> None:
    assert reason_for(new_draft(), "GELU") == "the Edge TPU has no such operator"
    assert reason_for(new_draft(), "my-op") == "the Edge TPU has no such operator"


def test_constants_may_be_joined_where_they_are_zeros(new_draft: Any) -> None:
    def joined(value: int) -> str | None:
        draft = new_draft()
        source, zeros, result = (
            draft.tensor(IMAGE, "int8"),
            draft.tensor(IMAGE, "int8", values=value),
            draft.tensor((1, 8, 8, 8), "int8"),
        )
        draft.operator("CONCATENATION", [source, zeros], [result], kind="ConcatenationOptions", axis=3)
        graph = read_tflite(draft.file([source], [result])).main
        return refusal(graph, graph.operators[0], SUPPORTED)

    assert joined(0) is None
    assert joined(1) == "it joins constants other than zeros"


def _float_edges(draft: Any, middle: Callable[[int], int]) -> Any:
    source, inside = draft.tensor(IMAGE), draft.tensor(IMAGE, "int8")
    draft.operator("QUANTIZE", [source], [inside])
    last = middle(inside)
    result = draft.tensor(IMAGE)
    draft.operator("DEQUANTIZE", [last], [result])
    return read_tflite(draft.file([source], [result])).main


def test_float_edges_run_on_the_cpu_and_the_rest_does_not(new_draft: Any) -> None:
    draft = new_draft()

    def middle(inside: int) -> int:
        out = draft.tensor(IMAGE, "int8")
        draft.operator("TANH", [inside], [out])
        return int(out)

    graph = _float_edges(draft, middle)
    assert taken(graph, SUPPORTED) == (1,)
    assert first_left_over(graph, SUPPORTED) == 2


def test_all_behind_the_first_that_is_left_over_runs_on_the_cpu(new_draft: Any) -> None:
    draft = new_draft()

    def middle(inside: int) -> int:
        for name in ("TANH", "GELU", "TANH"):
            out = draft.tensor(IMAGE, "int8")
            draft.operator(name, [inside], [out])
            inside = out
        return inside

    graph = _float_edges(draft, middle)
    assert taken(graph, SUPPORTED) == (1,)
    assert first_left_over(graph, SUPPORTED) == 2
