"""What a profile says of how long operators take; `edgecomp.latency` makes predictions of it."""

from __future__ import annotations

from dataclasses import dataclass

QUANTITIES = ("mac", "spill", "output", "tap", "weight", "element", "run", "operator")
"""What coefficients are of; docs/latency.md says what each counts."""


PRECISIONS = ("float32", "int8")
UNITS = ("ns", "instructions")


@dataclass(frozen=True)
class OperatorCosts:
    """What operators of one kind cost in one precision: a coefficient for each quantity of their work.

    Args:
        kind: see `edgecomp.latency.work`.
        precision: "float32" or "int8".
        tile: rows, columns and depth that its kernel computes at a time.
        mac: of a multiply-accumulate, filled-up tiles included.
        spill: of a multiply-accumulate whose weights are too many for the first cache, besides `mac`.
        output: of an output, filled-up tiles included.
        tap: of an output and a place of its window.
        weight: of a byte of weights.
        element: of an element, for operators that have no weights.
        run: of a start of the inner loop.
        operator: of starting the operator.
    """

    kind: str
    precision: str
    tile: tuple[int, ...] = (1, 1, 1)
    mac: float = 0.0
    spill: float = 0.0
    output: float = 0.0
    tap: float = 0.0
    weight: float = 0.0
    element: float = 0.0
    run: float = 0.0
    operator: float = 0.0


@dataclass(frozen=True)
class NanosecondsPerInstruction:
    """What an instruction takes in each precision, on the average."""

    float32: float
    int8: float


@dataclass(frozen=True)
class MemoryLevel:
    """What a byte costs that a cache has no room for. More threads do not make it less.

    Args:
        kib: what the cache holds; 0 where every byte counts.
        weight: nanoseconds of a byte of weights, in networks whose weights are too many.
        activation: nanoseconds of a byte that is read or written, in operators that read and write too many.
    """

    kib: int
    weight: float = 0.0
    activation: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """Coefficients of the latency model.

    Args:
        source: where they come from.
        unit: of the coefficients: "ns", or "instructions" where they were counted on an emulated CPU.
        band: how far off a prediction may be: from ms / (1 + band) to ms * (1 + band).
        operators: by kind and precision.
        call: of an inference besides its operators.
        memory: of bytes that caches have no room for, beside the work that is done with them.
        threads: those that were measured with. Where it is 1, work is divided among more.
        instruction: nanoseconds of one; None where the unit is "ns", or where they are not known.
    """

    source: str
    unit: str
    band: float
    operators: tuple[OperatorCosts, ...]
    call: float = 0.0
    memory: tuple[MemoryLevel, ...] = ()
    threads: int = 1
    instruction: NanosecondsPerInstruction | None = None
