"""Rules about operators that the device has no kernels for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..targets import Target
from ..tflite import Operator, TfliteModel
from .finding import Finding, each_once


def flex_operators(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """TensorFlow's own operators, which need a library that no board has."""
    missing = [one for one in _every(model) if _is_flex(one) and one.name not in target.operators.custom]
    if missing:
        yield Finding(
            "flex-operator",
            "blocker",
            f"TensorFlow's own operators need the Flex library, which {target.name} does not have: {_names(missing)}",
            "convert the model again with builtin operators only, or replace the layers they come from",
            _in_main(model, missing),
        )


def custom_operators(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Operators that no interpreter brings along, but those the profile names."""
    missing = [
        one for one in _every(model) if one.custom and not _is_flex(one) and one.name not in target.operators.custom
    ]
    if missing:
        yield Finding(
            "custom-operator",
            "blocker",
            f"custom operators that {target.name} has no kernels for: {_names(missing)}",
            "replace the layers they come from, or add them to operators.custom of a profile of your own",
            _in_main(model, missing),
        )


def missing_operators(model: TfliteModel, target: Target) -> Iterator[Finding]:
    """Builtin operators that the device's build lacks, as microcontrollers' builds do, or that the profile denies."""
    missing = [one for one in _every(model) if not one.custom and target.operators.lacks(one.name)]
    if missing:
        library = "TFLite Micro" if target.operators.library == "tflite-micro" else target.name
        yield Finding(
            "missing-operator",
            "blocker",
            f"{library} has no kernels for {_names(missing)}",
            "replace the layers they come from",
            _in_main(model, missing),
        )


def _is_flex(operator: Operator) -> bool:
    return operator.custom and operator.name.startswith("Flex")


def _every(model: TfliteModel) -> Iterator[Operator]:
    return (operator for graph in model.subgraphs for operator in graph.operators)


def _names(operators: Collection[Operator]) -> str:
    return each_once(sorted({one.name for one in operators}))


def _in_main(model: TfliteModel, operators: Collection[Operator]) -> tuple[int, ...]:
    """Indices of those among the operators that are in the main graph; graphs of control flow have their own."""
    chosen = {id(one) for one in operators}
    return tuple(one.index for one in model.main.operators if id(one) in chosen)
