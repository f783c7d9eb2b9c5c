"""What a device profile makes of a .tflite: what will not run, what will run badly, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgecomp.tflite import Operator, Subgraph, TfliteModel, peak_activation_bytes, scheme, weight_bytes

from .profile import Target

SEVERITIES = ("blocker", "warning", "note")
_MIB = 2**20
# Operators whose width is a channel count that pruning can choose.
_WIDE = ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


@dataclass(frozen=True)
class Finding:
    """One thing a user should know.

    Args:
        severity: "blocker" (will not run), "warning" (will run badly, or not where it should) or "note".
        subject: what it is about: "operators", "scheme", "inputs and outputs", "shapes", "memory", "size", "widths".
        message: what was found.
        advice: what to do.
    """

    severity: str
    subject: str
    message: str
    advice: str


def find_misfits(model: TfliteModel, target: Target) -> tuple[Finding, ...]:
    """Compares a model with a profile; blockers first."""
    checks = (_operators, _accelerated, _scheme, _io, _shapes, _file_size, _memory, _widths)
    found = [finding for check in checks for finding in check(model, target)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _every(model: TfliteModel) -> Iterable[Operator]:
    return (operator for graph in model.subgraphs for operator in graph.operators)


def _operators(model: TfliteModel, target: Target) -> Iterable[Finding]:
    custom = {one.name for one in _every(model) if one.custom and one.name not in target.operators.custom}
    flex = {name for name in custom if name.startswith("Flex")}
    if flex:
        yield Finding(
            "blocker",
            "operators",
            f"TensorFlow's own operators need the Flex library, which {target.name} does not have: {_listed(flex)}",
            "convert the model again with builtin operators only, or replace the layers they come from",
        )
    if custom - flex:
        yield Finding(
            "blocker",
            "operators",
            f"custom operators that {target.name} has no kernels for: {_listed(custom - flex)}",
            "replace the layers they come from, or add them to operators.custom of a profile of your own",
        )
    denied = {one.name for one in _every(model)} & set(target.operators.denied)
    if denied:
        yield Finding(
            "blocker",
            "operators",
            f"operators that {target.name} does not run: {_listed(denied)}",
            "replace the layers they come from",
        )


def _accelerated(model: TfliteModel, target: Target) -> Iterable[Finding]:
    taken = set(target.operators.accelerated) | set(target.operators.custom)
    operators = model.main.operators
    first = next((one for one in operators if one.name not in taken), None)
    if not target.operators.accelerated or first is None:
        return
    names = {one.name for one in operators if one.name not in taken}
    yield Finding(
        "warning",
        "operators",
        f"from operator {first.index} of {len(operators)} ({first.name}) on, the model runs on the CPU instead of the "
        f"{target.runtime.delegates[0]} delegate, which does not take {_listed(names)}",
        "replace these operators, or move them to the end of the model",
    )


def _scheme(model: TfliteModel, target: Target) -> Iterable[Finding]:
    found, rules = scheme(model), target.model
    runs = {"uint8": "int8", "mixed": "float32"}.get(found, found)
    if found == "float32" and rules.default_scheme != "float32":
        yield Finding(
            "note",
            "scheme",
            f"the model computes in float32; {target.name} prefers {rules.default_scheme}",
            f"edgecomp convert --target {target.name} makes it",
        )
    elif runs not in rules.schemes:
        yield Finding(
            "blocker",
            "scheme",
            f"the model is {found}, and {target.name} runs {', '.join(rules.schemes)}",
            f"convert the float model with --scheme {rules.default_scheme}",
        )
    elif runs in rules.slow_schemes:
        yield Finding(
            "warning",
            "scheme",
            f"{found} has no fast kernels on {target.name}",
            f"convert the float model with --scheme {rules.default_scheme}",
        )


def _io(model: TfliteModel, target: Target) -> Iterable[Finding]:
    if scheme(model) == "float32":
        return  # conversion decides
    allowed = {"int8": ("int8", "int16"), "float": ("float32",)}
    refused = {dtype for kind, dtypes in allowed.items() if kind not in target.model.io for dtype in dtypes}
    named = [f"{one.name} ({one.dtype})" for one in (*model.inputs, *model.outputs) if one.dtype in refused]
    if named:
        yield Finding(
            "blocker",
            "inputs and outputs",
            f"{target.name} takes {' and '.join(target.model.io)} tensors, not {_listed(named)}",
            f"convert the model with --io {target.model.default_io}",
        )


def _shapes(model: TfliteModel, target: Target) -> Iterable[Finding]:
    dynamic = sum(tensor.dynamic for graph in model.subgraphs for tensor in graph.tensors)
    if dynamic:
        yield Finding(
            "blocker" if target.model.static_shapes else "warning",
            "shapes",
            f"{dynamic} tensors have sizes that are only known when the model runs",
            "export the model with a fixed batch of 1 (edgecomp convert does)",
        )


def _file_size(model: TfliteModel, target: Target) -> Iterable[Finding]:
    limit = target.limits.file_mb
    if limit is not None and model.nbytes > limit * _MIB:
        yield Finding(
            "blocker",
            "size",
            f"the file has {model.nbytes / _MIB:.1f} MiB, and {target.name} takes {limit:g}",
            "use a smaller scheme, or a smaller model",
        )


def _memory(model: TfliteModel, target: Target) -> Iterable[Finding]:
    needed = (weight_bytes(model) + peak_activation_bytes(model)) / _MIB
    ram, budget = target.memory.ram_mb, target.memory.budget_mb
    if ram is not None and needed > ram:
        yield Finding(
            "blocker",
            "memory",
            f"weights and activations need about {needed:.0f} MiB, and {target.name} has {ram}",
            "use a smaller input, a smaller scheme or a smaller model",
        )
    elif budget is not None and needed > budget:
        yield Finding(
            "warning",
            "memory",
            f"weights and activations need about {needed:.0f} MiB of the {budget} that the profile gives a model",
            "use a smaller input, a smaller scheme or a smaller model",
        )


def _widths(model: TfliteModel, target: Target) -> Iterable[Finding]:
    multiple, graph = target.model.channel_multiple, model.main
    wide = [operator for operator in graph.operators if operator.name in _WIDE]
    # The last width is the number of classes or outputs, which nobody chooses.
    off = [operator for operator in wide[:-1] if _width(graph, operator) % multiple]
    if off:
        shown = [f"operator {operator.index} ({_width(graph, operator)})" for operator in off]
        yield Finding(
            "note",
            "widths",
            f"{len(off)} of {len(wide)} widths are no multiple of {multiple}, which leaves kernels partly empty: "
            f"{_listed(shown)}",
            f"when training or pruning, choose multiples of {multiple}",
        )


def _width(graph: Subgraph, operator: Operator) -> int:
    shape = next((tensor.shape for tensor in graph.tensors_of(operator.outputs[:1])), ())
    return shape[-1] if shape else 0


def _listed(names: Iterable[str], most: int = 6) -> str:
    ordered = sorted(names) if isinstance(names, (set, frozenset)) else list(names)
    rest = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {rest} more" if rest > 0 else "")
