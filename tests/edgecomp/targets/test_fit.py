"""What profiles make of models. The models are written out as data, since the checks read nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from edgecomp.targets import load_target
from edgecomp.targets.fit import Finding, find_misfits
from edgecomp.targets.profile import Limits, Memory, OperatorRules
from edgecomp.tflite import Operator, Quantization, Subgraph, Tensor, TfliteModel

SCALE = Quantization((0.1,), (0,))


def network(
    dtype: str = "int8", operators: tuple[str, ...] = ("CONV_2D", "SOFTMAX"), width: int = 16, dynamic: bool = False
) -> TfliteModel:
    """A chain of operators; those with weights read the same constant."""
    quantization = None if dtype == "float32" else SCALE
    weights_dtype = "float32" if dtype == "float32" else "int8"
    itemsize = 4 if weights_dtype == "float32" else 1
    weights = Tensor(
        0, "w", (width, 1, 1, width), weights_dtype, 1, memoryview(bytes(width * width * itemsize)), quantization
    )
    signature = (-1 if dynamic else 1, 8, 8, width)
    chain = [
        Tensor(place + 1, f"t{place}", (1, 8, 8, width), dtype, 0, quantization=quantization, shape_signature=signature)
        for place in range(len(operators) + 1)
    ]
    ops = tuple(
        Operator(place, name, (place + 1, 0), (place + 2,), custom=not name.isupper())
        for place, name in enumerate(operators)
    )
    graph = Subgraph(0, "main", (weights, *chain), ops, (1,), (len(chain),))
    return TfliteModel(nbytes=3 * 2**20, subgraphs=(graph,))


def found(model: TfliteModel, target: str, **changes: object) -> list[tuple[str, str]]:
    profile = dataclasses.replace(load_target(target), **changes)  # type: ignore[arg-type]
    return [(one.severity, one.subject) for one in find_misfits(model, profile)]


def only(model: TfliteModel, target: str, subject: str) -> Finding:
    (finding,) = (one for one in find_misfits(model, load_target(target)) if one.subject == subject)
    return finding


def test_a_model_that_fits_has_no_findings() -> None:
    for target in ("raspberry-pi-4b", "coral-edgetpu", "linux-x86-64"):
        assert found(network(), target) == []


def test_custom_and_flex_operators_block() -> None:
    finding = only(network(operators=("CONV_2D", "FlexErf")), "raspberry-pi-4b", "operators")
    assert finding.severity == "blocker"
    assert "Flex" in finding.message
    assert found(network(operators=("CONV_2D", "my-op")), "raspberry-pi-4b") == [("blocker", "operators")]
    assert found(network(operators=("edgetpu-custom-op",)), "coral-edgetpu") == []


def test_denied_operators_block() -> None:
    rules = OperatorRules(denied=("SOFTMAX",))
    assert found(network(), "raspberry-pi-4b", operators=rules) == [("blocker", "operators")]


def test_the_first_operator_off_the_accelerator_is_named() -> None:
    finding = only(network(operators=("CONV_2D", "GELU", "CONV_2D")), "coral-edgetpu", "operators")
    assert finding.severity == "warning"
    assert "operator 1 of 3 (GELU)" in finding.message


@pytest.mark.parametrize(
    ("dtype", "target", "findings"),
    [
        ("float32", "raspberry-pi-4b", [("note", "scheme")]),
        ("float32", "coral-edgetpu", [("note", "scheme")]),
        ("int16", "raspberry-pi-4b", [("warning", "scheme")]),
        ("int16", "coral-edgetpu", [("blocker", "scheme")]),
        ("uint8", "raspberry-pi-4b", []),
        ("int8", "browser", [("blocker", "inputs and outputs")]),
        ("uint8", "browser", []),
    ],
)
def test_schemes_and_tensors_at_the_edges(dtype: str, target: str, findings: list[tuple[str, str]]) -> None:
    assert found(network(dtype), target) == findings


def test_sizes_known_only_at_run_time() -> None:
    assert found(network(dynamic=True), "raspberry-pi-4b") == [("warning", "shapes")]
    assert found(network(dynamic=True), "coral-edgetpu") == [("blocker", "shapes")]


def test_file_size_and_memory_are_held_against_the_limits() -> None:
    assert found(network(), "raspberry-pi-4b", limits=Limits(file_mb=2)) == [("blocker", "size")]
    assert found(network(), "raspberry-pi-4b", limits=Limits(file_mb=4)) == []
    big = network(width=2048)  # 4 MiB of weights
    assert found(big, "raspberry-pi-4b", memory=Memory(ram_mb=64, budget_mb=2)) == [("warning", "memory")]
    assert found(big, "raspberry-pi-4b", memory=Memory(ram_mb=2, budget_mb=2)) == [("blocker", "memory")]


def test_widths_off_the_multiple_are_noted_but_for_the_last() -> None:
    model = network(operators=("CONV_2D", "CONV_2D", "CONV_2D"), width=12)
    finding = only(model, "raspberry-pi-4b", "widths")
    assert finding.severity == "note"
    assert "operator 0 (12), operator 1 (12)" in finding.message
    assert "operator 2" not in finding.message
    assert found(network(operators=("CONV_2D",), width=10), "raspberry-pi-4b") == []


def test_blockers_come_first() -> None:
    model = network("float32", operators=("CONV_2D", "my-op"))
    assert [severity for severity, _ in found(model, "raspberry-pi-4b")] == ["blocker", "note"]
