"""The schema of a device profile; docs/targets.md explains it for people who write one."""

from __future__ import annotations

from typing import Any

from . import checks
from .checks import Key, Problems
from .document import Mapping, Node
from .prediction import (
    PRECISIONS,
    QUANTITIES,
    UNITS,
    MemoryLevel,
    NanosecondsPerInstruction,
    OperatorCosts,
    Prediction,
)
from .profile import (
    Cluster,
    Cpu,
    Latency,
    Limits,
    Memory,
    ModelRules,
    OperatingSystem,
    OperatorRules,
    Package,
    Release,
    Runtime,
    Target,
    Thermal,
)

SCHEMES = ("int8", "float32", "float16", "dynamic", "int16x8", "int4", "dynamic4")
ACTIVATIONS = ("asymmetric", "symmetric")
WEIGHTS = ("per-channel", "per-tensor")
# Their kernels need a scale per output channel.
PER_CHANNEL_SCHEMES = ("dynamic", "dynamic4")
IOS = ("int8", "float")
ISAS = ("armv7-a", "armv8-a", "armv9-a", "x86-64", "wasm32", "armv7e-m", "xtensa-lx7")
FEATURES = ("neon", "dotprod", "fp16", "i8mm", "bf16", "sve", "sve2", "avx2", "avx512f", "avx512vnni", "simd128", "dsp")
ARCHITECTURES = ("aarch64", "armv7l", "x86_64", "wasm32", "none")
DELEGATES = ("xnnpack", "edgetpu", "gpu", "npu", "none")
INSTALLERS = ("pip", "npm", "maven", "system", "source")
OPERATOR_LIBRARIES = ("tflite", "tflite-micro")

_NAME = checks.text(r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case letters, digits and dashes, as in my-board-2")
_TEXT = checks.text()
_VERSION = checks.text(r"[0-9]+(\.[0-9A-Za-z]+)*", "a version, as in 2.36")
_PYTHON = checks.text(r"3\.[0-9]{1,2}", "a minor version of Python, as in 3.11")
_OPERATOR = checks.text(r"[A-Z0-9_]+", "an operator as TFLite's schema spells it, as in CONV_2D")
_GHZ = checks.number(0.01, 20)
_CORES = checks.whole(1, 1024)
_MB = checks.number(0.001, 16 * 1024 * 1024)
_CELSIUS = checks.number(1, 200)

_CLUSTER = checks.record(Cluster, {"model": Key(_TEXT, True), "cores": Key(_CORES, True), "ghz": Key(_GHZ)})
_CPU = checks.record(
    Cpu,
    {
        "isa": Key(checks.choice(ISAS), True),
        "model": Key(_TEXT),
        "cores": Key(_CORES),
        "ghz": Key(_GHZ),
        "features": Key(checks.several(checks.choice(FEATURES))),
        "clusters": Key(checks.several(_CLUSTER)),
    },
)
_MEMORY = checks.record(
    Memory,
    {
        "ram_mb": Key(_MB),
        "budget_mb": Key(_MB),
        "copy_gb_s": Key(checks.number(0.001, 10_000)),
        "flash_mb": Key(_MB),
    },
)
_RELEASE = checks.record(Release, {"name": Key(_TEXT, True), "python": Key(_PYTHON), "glibc": Key(_VERSION)})
_OS = checks.record(
    OperatingSystem,
    {"arch": Key(checks.choice(ARCHITECTURES), True), "releases": Key(checks.several(_RELEASE))},
)
_PACKAGE = checks.record(
    Package,
    {
        "name": Key(_TEXT, True),
        "version": Key(_VERSION),
        "installer": Key(checks.choice(INSTALLERS)),
        "pythons": Key(checks.several(_PYTHON)),
        "requires": Key(checks.several(_TEXT)),
    },
)
_RUNTIME = checks.record(
    Runtime,
    {
        "packages": Key(checks.several(_PACKAGE, at_least=1), True),
        "delegates": Key(checks.several(checks.choice(DELEGATES), at_least=1), True),
        "threads": Key(_CORES),
    },
)
_MODEL = checks.record(
    ModelRules,
    {
        "schemes": Key(checks.several(checks.choice(SCHEMES), at_least=1), True),
        "slow_schemes": Key(checks.several(checks.choice(SCHEMES))),
        "default_scheme": Key(checks.choice(SCHEMES), True),
        "io": Key(checks.several(checks.choice(IOS), at_least=1), True),
        "default_io": Key(checks.choice(IOS), True),
        "activations": Key(checks.choice(ACTIVATIONS)),
        "weights": Key(checks.choice(WEIGHTS)),
        "channel_multiple": Key(checks.whole(1, 256)),
        "static_shapes": Key(checks.flag),
    },
)
_OPERATORS = checks.record(
    OperatorRules,
    {
        "library": Key(checks.choice(OPERATOR_LIBRARIES)),
        "custom": Key(checks.several(_TEXT)),
        "denied": Key(checks.several(_OPERATOR)),
        "accelerated": Key(checks.several(_OPERATOR)),
    },
)
_LIMITS = checks.record(Limits, {"file_mb": Key(checks.number(0.001, 2048))})
_THERMAL = checks.record(Thermal, {"soft_c": Key(_CELSIUS), "throttle_c": Key(_CELSIUS)})
_LATENCY = checks.record(
    Latency,
    {
        "model": Key(_TEXT, True),
        "precision": Key(checks.choice(("float32", "int8")), True),
        "ms": Key(checks.number(0.001, 1_000_000), True),
        "source": Key(_TEXT, True),
        "threads": Key(_CORES),
        "device": Key(_TEXT),
    },
)
_COST = checks.number(0, 1e12)
_TILE_TEXT = checks.text(r"[1-9][0-9]{0,3}(x[1-9][0-9]{0,3}){2}", "rows x columns x depth, as in 6x16x4")


def _tile(node: Node, field: str, problems: Problems) -> Any:
    """What a kernel computes at a time."""
    found = _TILE_TEXT(node, field, problems)
    return found and tuple(int(size) for size in found.split("x"))


_OPERATOR_COSTS = checks.record(
    OperatorCosts,
    {
        "kind": Key(_TEXT, True),
        "precision": Key(checks.choice(PRECISIONS), True),
        "tile": Key(_tile),
        **{quantity: Key(_COST) for quantity in QUANTITIES},
    },
)
_MEMORY_LEVEL = checks.record(
    MemoryLevel, {"kib": Key(checks.whole(0, 2**24), True), "weight": Key(_COST), "activation": Key(_COST)}
)
_PREDICTION = checks.record(
    Prediction,
    {
        "source": Key(_TEXT, True),
        "unit": Key(checks.choice(UNITS), True),
        "band": Key(checks.number(0.001, 10), True),
        "call": Key(_COST),
        "memory": Key(checks.several(_MEMORY_LEVEL)),
        "threads": Key(_CORES),
        "instruction": Key(
            checks.record(
                NanosecondsPerInstruction, {one: Key(checks.number(0.0001, 10_000), True) for one in PRECISIONS}
            )
        ),
        "operators": Key(checks.several(_OPERATOR_COSTS, at_least=1), True),
    },
)
_TARGET = checks.record(
    Target,
    {
        "name": Key(_NAME, True),
        "title": Key(_TEXT, True),
        "extends": Key(_TEXT),
        "cpu": Key(_CPU, True),
        "memory": Key(_MEMORY),
        "os": Key(_OS, True),
        "runtime": Key(_RUNTIME, True),
        "model": Key(_MODEL, True),
        "operators": Key(_OPERATORS),
        "limits": Key(_LIMITS),
        "thermal": Key(_THERMAL),
        "latencies": Key(checks.several(_LATENCY)),
        "prediction": Key(_PREDICTION),
        "notes": Key(checks.several(_TEXT)),
    },
)


def check_target(document: Mapping, problems: Problems) -> Target | None:
    """Reads a profile, inherited parts already filled in; None where problems were reported."""
    target: Target | None = _TARGET(document, "", problems)
    if target is None:
        return None
    for field, message in _contradictions(target):
        problems.report(_at(document, field), field, message)
    return None if problems else target


def _contradictions(target: Target) -> list[tuple[str, str]]:
    """What single values cannot show: the field, and what it contradicts."""
    rules, memory, threads, cores = target.model, target.memory, target.runtime.threads, target.cpu.cores
    found = []
    if rules.default_scheme not in rules.schemes:
        found.append(("model.default_scheme", f"{rules.default_scheme!r} is not among model.schemes; add it there"))
    if rules.default_io not in rules.io:
        found.append(("model.default_io", f"{rules.default_io!r} is not among model.io; add it there"))
    found += [
        ("model.slow_schemes", f"{slow!r} is not among model.schemes; add it there or leave it out")
        for slow in rules.slow_schemes
        if slow not in rules.schemes
    ]
    if rules.per_tensor_weights:
        found += [
            ("model.weights", f"{scheme!r} among model.schemes has no kernels for it; leave that out there")
            for scheme in PER_CHANNEL_SCHEMES
            if scheme in rules.schemes
        ]
    if cores is not None and threads > cores:
        found.append(("runtime.threads", f"{threads} threads on {cores} cores; use at most {cores}"))
    clustered = sum(cluster.cores for cluster in target.cpu.clusters)
    if clustered and cores is not None and clustered != cores:
        found.append(("cpu.clusters", f"the clusters have {clustered} cores together, but cpu.cores says {cores}"))
    if memory.ram_mb is not None and memory.budget_mb is not None and memory.budget_mb > memory.ram_mb:
        found.append(
            ("memory.budget_mb", f"{memory.budget_mb:g} MiB of the {memory.ram_mb:g} MiB in memory.ram_mb; use less")
        )
    if memory.flash_mb is not None and (target.limits.file_mb or 0) > memory.flash_mb:
        found.append(
            (
                "limits.file_mb",
                f"{target.limits.file_mb:g} MiB of the {memory.flash_mb:g} MiB in memory.flash_mb; use less",
            )
        )
    keys = [(one.kind, one.precision) for one in target.prediction.operators] if target.prediction else []
    found += [
        ("prediction.operators", f"{kind!r} in {precision} is there more than once; leave one of them")
        for kind, precision in sorted(set(keys))
        if keys.count((kind, precision)) > 1
    ]
    return found


def _at(document: Mapping, field: str) -> Node:
    """The node at a dotted path, or the nearest one above it that the file has."""
    node: Node = document
    for name in field.split("."):
        if not isinstance(node, Mapping) or name not in node.entries:
            break
        node = node.entries[name][1]
    return node
