"""TensorFlow Lite Micro's operators, and what microcontrollers' profiles make of models."""

from __future__ import annotations

import pytest

from edgecomp.targets import load_target
from edgecomp.targets.micro_operators import MICRO_OPERATORS, resolver_method

MICROCONTROLLERS = ("cortex-m4", "cortex-m7", "esp32-s3")


def test_every_operator_is_one_of_the_schema() -> None:
    from ai_edge_litert import schema_py_generated as schema

    assert set(vars(schema.BuiltinOperator)) > MICRO_OPERATORS
    assert len(MICRO_OPERATORS) == 100


@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("ADD", "AddAdd"),
        ("ADD_N", "AddAddN"),
        ("MAX_POOL_2D", "AddMaxPool2D"),
        ("L2_NORMALIZATION", "AddL2Normalization"),
        ("RELU6", "AddRelu6"),
        ("SELECT_V2", "AddSelectV2"),
        ("PADV2", "AddPadV2"),
        ("BATCH_TO_SPACE_ND", "AddBatchToSpaceNd"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("CUMSUM", "AddCumSum"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
    ],
)
def test_methods_are_called_as_in_the_resolvers_header(operator: str, method: str) -> None:
    assert resolver_method(operator) == method


@pytest.mark.parametrize("name", MICROCONTROLLERS)
def test_profiles_lack_what_tflite_micro_lacks(name: str) -> None:
    rules = load_target(name).operators
    assert rules.lacks("TILE")
    assert not rules.lacks("CONV_2D")
    assert not load_target("raspberry-pi-4b").operators.lacks("TILE")


def test_the_core_says_whose_kernels_run() -> None:
    assert [load_target(name).micro_kernels for name in MICROCONTROLLERS] == ["cmsis-nn", "cmsis-nn", "esp-nn"]
    assert load_target("raspberry-pi-4b").micro_kernels is None


@pytest.mark.parametrize("name", MICROCONTROLLERS)
def test_limits_are_those_of_the_memories(name: str) -> None:
    memory, limits = load_target(name).memory, load_target(name).limits
    assert memory.budget_mb is not None
    assert memory.ram_mb is not None
    assert memory.flash_mb is not None
    assert limits.file_mb is not None
    assert memory.budget_mb < memory.ram_mb < memory.flash_mb
    assert limits.file_mb < memory.flash_mb
