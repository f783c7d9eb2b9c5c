"""Every rule on a model that triggers it and on one that does not: a small network, changed in one place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from edgecomp.lint import Finding, lint
from edgecomp.lint.linter import RULES
from edgecomp.targets import OperatorRules, Target, load_target
from edgecomp.targets.profile import Limits, Memory, OperatingSystem
from edgecomp.tflite import Operator, Quantization, Subgraph, Tensor, TfliteModel, read_tflite

PI = load_target("raspberry-pi-4b")
CORAL = load_target("coral-edgetpu")
BROWSER = load_target("browser")
MICRO = load_target("cortex-m4")
SCALE = Quantization((0.1,), (0,))


def tensor(index: int, dtype: str = "int8", shape: tuple[int, ...] = (1, 8, 8, 16), **changes: Any) -> Tensor:
    quantization = SCALE if dtype in ("int8", "uint8", "int16") else None
    return Tensor(index, f"net/layer{index}/op", shape, dtype, quantization=quantization, **changes)


def chain(*dtypes_and_names: str, width: int = 16, **changes: Any) -> TfliteModel:
    """Tensors and operators in turn, as "int8", "CONV_2D", "int8"; operators with weights share a constant."""
    dtypes, names = dtypes_and_names[::2], dtypes_and_names[1::2]
    shape = (1, 8, 8, width)
    stored = "float32" if set(dtypes) == {"float32"} else "int8"
    weights = tensor(0, stored, (width, 1, 1, width), buffer_index=1)
    weights = dataclasses.replace(weights, buffer=memoryview(bytes(weights.nbytes)))
    bias = dataclasses.replace(
        tensor(1, "int32", (width,), buffer_index=2), buffer=memoryview(bytes(4 * width)), quantization=SCALE
    )
    tensors = [weights, bias, *(tensor(place + 2, dtype, shape) for place, dtype in enumerate(dtypes))]
    operators = [
        Operator(place, name, (place + 2, *_constants(name)), (place + 3,), custom=not name.isupper())
        for place, name in enumerate(names)
    ]
    graph = Subgraph(0, "main", tuple(tensors), tuple(operators), (2,), (len(tensors) - 1,))
    return TfliteModel(**({"nbytes": 3 * 2**20, "subgraphs": (graph,)} | changes))


def _constants(name: str) -> tuple[int, ...]:
    return (0, 1) if name in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV") else ()


INT8 = chain("int8", "CONV_2D", "int8", "RELU", "int8")
FITTING = chain("int8", "CONV_2D", "int8", "LOGISTIC", "int8")
FLOAT = chain("float32", "CONV_2D", "float32")


def with_(target: Target, **changes: Any) -> Target:
    return dataclasses.replace(target, **changes)


def changed(model: TfliteModel, change: Callable[[Tensor], Tensor], **others: Any) -> TfliteModel:
    """The model with its tensors changed."""
    graph = dataclasses.replace(model.main, tensors=tuple(map(change, model.main.tensors)), **others)
    return dataclasses.replace(model, subgraphs=(graph,))


def dynamic(model: TfliteModel) -> TfliteModel:
    return changed(
        model,
        lambda one: one if one.is_constant else dataclasses.replace(one, shape_signature=(-1, *one.shape[1:])),
    )


def of(rule: str, model: TfliteModel, target: Target) -> list[Finding]:
    return [one for one in lint(model, target) if one.rule == rule]


ARMHF = with_(PI, os=OperatingSystem("armv7l"))
NPU = with_(PI, operators=OperatorRules(accelerated=("CONV_2D",)))
WIDE = chain("int8", "CONV_2D", "int8", "CONV_2D", "int8", width=24)
ODD = chain("int8", "CONV_2D", "int8", "CONV_2D", "int8", width=12)
BIG = chain("int8", "CONV_2D", "int8", width=2048)  # 4 MiB of weights
ISLAND = chain("int8", "DEQUANTIZE", "float32", "EXP", "float32", "QUANTIZE", "int8", "CONV_2D", "int8")
TAIL = chain("int8", "CONV_2D", "int8", "DEQUANTIZE", "float32", "EXP", "float32")
BACK = chain("int8", "CONV_2D", "int8", "DEQUANTIZE", "float32", "QUANTIZE", "int8", "CONV_2D", "int8")
SAME = chain("int8", "CONV_2D", "int8", "QUANTIZE", "int8")
EDGES = chain("float32", "QUANTIZE", "int8", "CONV_2D", "int8", "DEQUANTIZE", "float32")
TINY = changed(
    chain("int8", "CONV_2D", "int8"),
    lambda one: dataclasses.replace(one, quantization=Quantization((1e-6,), (0,))) if one.index == 3 else one,
)
GELU = chain("int8", "CONV_2D", "int8", "GELU", "int8", "CONV_2D", "int8")

# rule, severity, a model and target that trigger it, a model and target that do not
CASES = [
    ("flex-operator", "blocker", (chain("int8", "FlexErf", "int8"), PI), (INT8, PI)),
    ("custom-operator", "blocker", (chain("int8", "my-op", "int8"), PI), (INT8, PI)),
    (
        "custom-operator",
        "blocker",
        (chain("int8", "edgetpu-custom-op", "int8"), PI),
        (chain("int8", "edgetpu-custom-op", "int8"), CORAL),
    ),
    ("missing-operator", "blocker", (INT8, with_(PI, operators=OperatorRules(denied=("RELU",)))), (INT8, PI)),
    ("missing-operator", "blocker", (chain("int8", "GELU", "int8"), MICRO), (FITTING, MICRO)),
    (
        "detached-weights",
        "blocker",
        (dataclasses.replace(FITTING, has_data_behind=True), MICRO),
        (dataclasses.replace(FITTING, has_data_behind=True), PI),
    ),
    ("edge-dtype", "blocker", (chain("string", "CONV_2D", "int8"), MICRO), (chain("string", "CONV_2D", "int8"), PI)),
    ("edge-tpu", "warning", (GELU, CORAL), (FITTING, CORAL)),
    ("edge-tpu", "blocker", (chain("int8", "GELU", "int8"), CORAL), (EDGES, CORAL)),
    ("edge-tpu", "blocker", (dynamic(FITTING), CORAL), (dynamic(FITTING), PI)),
    ("edge-tpu", "blocker", (FLOAT, CORAL), (FLOAT, PI)),
    ("edge-tpu-cache", "note", (chain("int8", "CONV_2D", "int8", width=4096), CORAL), (BIG, CORAL)),
    ("xnnpack-failure", "blocker", (TINY, PI), (FITTING, PI)),
    ("xnnpack-failure", "blocker", (TINY, PI), (TINY, CORAL)),
    ("xnnpack-left-over", "note", (INT8, PI), (FITTING, PI)),
    ("xnnpack-left-over", "warning", (chain("int16", "CONV_2D", "int16"), PI), (FITTING, CORAL)),
    ("xnnpack-partitions", "warning", (GELU, PI), (INT8, PI)),
    ("accelerator", "warning", (FITTING, NPU), (chain("int8", "CONV_2D", "int8"), NPU)),
    ("float-scheme", "note", (FLOAT, PI), (FITTING, PI)),
    ("refused-scheme", "blocker", (chain("int16", "CONV_2D", "int16"), CORAL), (FITTING, CORAL)),
    (
        "refused-scheme",
        "blocker",
        (chain("uint8", "CONV_2D", "uint8"), MICRO),
        (chain("uint8", "CONV_2D", "uint8"), PI),
    ),
    ("slow-scheme", "warning", (chain("int16", "CONV_2D", "int16"), PI), (FITTING, PI)),
    ("refused-io", "blocker", (FITTING, BROWSER), (chain("uint8", "CONV_2D", "uint8"), BROWSER)),
    ("refused-io", "blocker", (EDGES, CORAL), (FITTING, CORAL)),
    ("uint8-on-32-bit-arm", "warning", (chain("uint8", "CONV_2D", "uint8"), ARMHF), (FITTING, ARMHF)),
    ("uint8-on-32-bit-arm", "warning", (chain("uint8", "CONV_2D", "uint8"), ARMHF), (SAME, ARMHF)),
    ("float-island", "warning", (ISLAND, PI), (TAIL, PI)),
    ("float-island", "blocker", (ISLAND, CORAL), (EDGES, CORAL)),
    ("needless-conversion", "warning", (BACK, PI), (EDGES, PI)),
    ("needless-conversion", "warning", (SAME, PI), (ISLAND, PI)),
    ("dynamic-shapes", "warning", (dynamic(INT8), PI), (INT8, PI)),
    ("dynamic-shapes", "blocker", (dynamic(INT8), CORAL), (INT8, CORAL)),
    ("file-size", "blocker", (INT8, with_(PI, limits=Limits(file_mb=2))), (INT8, with_(PI, limits=Limits(file_mb=4)))),
    ("file-size", "blocker", (INT8, MICRO), (INT8, PI)),
    ("memory", "warning", (BIG, with_(PI, memory=Memory(64, 2))), (INT8, with_(PI, memory=Memory(64, 2)))),
    ("memory", "blocker", (BIG, with_(PI, memory=Memory(2, 2))), (INT8, with_(PI, memory=Memory(2, 2)))),
    ("memory", "warning", (chain("int8", "CONV_2D", "int8", width=1024), MICRO), (INT8, MICRO)),
    ("memory", "blocker", (chain("int8", "CONV_2D", "int8", width=2048), MICRO), (INT8, MICRO)),
    ("width-multiple", "note", (ODD, PI), (WIDE, PI)),
    ("width-multiple", "note", (ODD, CORAL), (chain("int8", "CONV_2D", "int8", width=12), CORAL)),
    ("kernel-block", "note", (WIDE, PI), (chain("int8", "CONV_2D", "int8", "CONV_2D", "int8", width=32), PI)),
    ("kernel-block", "note", (ODD, PI), (ODD, CORAL)),
]


@pytest.mark.parametrize(
    ("rule", "severity", "bad", "good"), CASES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_rules(rule: str, severity: str, bad: tuple[TfliteModel, Target], good: tuple[TfliteModel, Target]) -> None:
    found = of(rule, *bad)
    assert {one.severity for one in found} == {severity}
    assert all(one.what and one.remedy for one in found)
    assert of(rule, *good) == []


def test_every_rule_has_a_case() -> None:
    triggered = {
        rule: {id(run) for run in RULES if any(one.rule == rule for one in run(*bad))} for rule, _, bad, _ in CASES
    }
    assert set().union(*triggered.values()) == {id(run) for run in RULES}


@pytest.mark.parametrize("target", [PI, CORAL, load_target("linux-x86-64")], ids=lambda one: one.name)
def test_a_model_that_fits_has_no_findings(target: Target) -> None:
    assert lint(FITTING, target) == ()


def test_findings_name_operators_and_layers_and_come_by_severity() -> None:
    model = chain("float32", "CONV_2D", "float32", "my-op", "float32")
    found = lint(model, PI)
    assert [one.severity for one in found] == sorted(
        (one.severity for one in found), key=["blocker", "warning", "note"].index
    )
    assert (found[0].operators, found[0].ops, found[0].layers) == ((1,), ("my-op",), ("layer4",))


def test_layers_are_those_of_the_keras_model_where_known() -> None:
    found = lint(GELU, PI, ["layer4", "other"])
    (finding,) = (one for one in found if one.rule == "xnnpack-partitions")
    assert finding.layers == ("layer4",)
    assert "cut by 1 operator that it leaves over (GELU)" in finding.what


def test_what_the_edge_tpu_leaves_is_counted_in_work() -> None:
    (finding,) = of("edge-tpu", GELU, CORAL)
    assert "operator 1 of 3 (GELU): the Edge TPU has no such operator" in finding.what
    assert "2 operators with 50% of the MACs run on the CPU" in finding.what
    assert finding.operators == (1, 2)


def test_the_time_of_idle_channels_is_said() -> None:
    (finding,) = of("kernel-block", WIDE, PI)  # 24 of 32 channels, in the first of two equal layers
    assert "1.17 times" in finding.what


def test_unpacked_weights_are_no_needless_conversions(new_draft: Any) -> None:
    """float16 weights and dynamic-range weights have a DEQUANTIZE each."""
    draft = new_draft()
    stored, weights = draft.tensor((1, 4), "int8", values=1), draft.tensor((1, 4))
    source, quantized = draft.tensor((1, 4)), draft.tensor((1, 4), "int8")
    draft.operator("DEQUANTIZE", [stored], [weights], 2)
    draft.operator("QUANTIZE", [weights], [quantized])
    file = draft.file([source], [quantized])
    assert of("needless-conversion", read_tflite(file), PI) == []
