"""How long each operator of a network takes.

The interpreters' Python packages offer no profiler, so the network is timed cut off behind its first operator, its
second, and so on: what one operator adds is the difference of two. That works on every interpreter, and with delegates,
which run operators fused as they do in the whole network; operators that a delegate runs together with the next show
their common cost at one of the two.

All cuts are timed in turn, over and over, so that a change of the machine's speed meets all of them alike.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Optional

import numpy as np

from ..engines import EngineInfo, load_interpreter
from ..errors import InputError
from ..machine import this_machine
from ..tensors import Tensor, read_tensors
from .device import Device, this_device
from .inputs import some_input
from .prefixes import Operator, cut, needed_behind, read_operators
from .windows import repeat

ROUNDS = 5
"""How often each cut is opened and timed; the median of these counts, and of a round its least run.

What else the machine does only ever adds to a time, and to the difference of two it adds from both sides. On two busy
cores, operators of an int8 MobileNetV2 that came out below nothing made up 9% of it by least runs, 48% by lower
quartiles and 119% by medians.
"""

FEWEST_RUNS = 10
"""Of a cut, in each round."""

WARM_UP_SHARE = 0.2
"""Of the time of a cut; not counted."""

RECONCILED = 0.1
"""What operators come to, all together, may differ so much from the whole network."""


@dataclass(frozen=True)
class OperatorTime:
    """One operator's share, in milliseconds.

    Args:
        index: its place in the main graph.
        name: what it does ("CONV_2D").
        output_name: the tensor it computes, which often tells the layer it came from.
        ms: the network's time up to this operator, less that of the network before it. Where an operator costs less
            than the measurement can tell, this can be below 0.
        low_ms: the least of the rounds.
        high_ms: the most of the rounds.
        share: `ms` as a part of what the whole network takes.
    """

    index: int
    name: str
    output_name: str
    ms: float
    low_ms: float
    high_ms: float
    share: float


@dataclass(frozen=True)
class OperatorProfile:
    """A network's time by operator.

    Args:
        valid: whether the operators come to what the whole network takes.
        reasons: why it is not valid; empty where it is.
        whole_ms: the whole file, timed by itself in the same way: least of a round, median of the rounds.
        total_ms: `call_ms` and all operators together.
        call_ms: an inference without any operator.
        operators: in their order.
        rounds: how often each cut was timed.
        seconds: how long all that took.
        engine: what it ran on.
        machine: the system, architecture and Python.
        device: which device it was.
    """

    valid: bool
    reasons: tuple[str, ...]
    whole_ms: float
    total_ms: float
    call_ms: float
    operators: tuple[OperatorTime, ...]
    rounds: int
    seconds: float
    engine: EngineInfo
    machine: str
    device: Device

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON-ready data."""
        return asdict(self)


def profile_operators(
    model: bytes,
    *,
    threads: int = 1,
    engine: Optional[str] = None,
    delegate: bool = True,
    seconds: float = 20.0,
    rounds: int = ROUNDS,
    opening: Callable[[], AbstractContextManager[None]] = nullcontext,
    progress: Callable[[float], None] = lambda _: None,
) -> OperatorProfile:
    """Times a network by operator.

    Args:
        model: a .tflite.
        threads: of the interpreter.
        engine: see `load_interpreter`.
        delegate: False runs on the plain kernels.
        seconds: to spend on timing, about. Large networks take longer: each cut runs `FEWEST_RUNS` times a round.
        rounds: how often each cut is timed.
        opening: a context for each time that an interpreter is built, to keep its chatter off the terminal.
        progress: called now and then with the share done, 0 to 1.

    Raises:
        InputError: `seconds` or `rounds` is not positive, or the model cannot be opened, cut or run.
    """
    if not (math.isfinite(seconds) and seconds > 0) or rounds < 1:
        raise InputError(f"seconds ({seconds}) and rounds ({rounds}) must be more than 0")
    begun = time.perf_counter()
    with opening():
        plain, _ = load_interpreter(model, threads, engine, delegate=False)
        _, info = load_interpreter(model, threads, engine, delegate)
    inputs, _ = read_tensors(plain)
    operators = read_operators(plain)
    results = [int(one["index"]) for one in plain.get_output_details()]
    each = seconds / rounds / (len(operators) + 2)

    def timed(file: bytes) -> float:
        with opening():
            interpreter, _ = load_interpreter(file, threads, engine, delegate)
        return _least_ms(interpreter, inputs, each)

    def behind(count: int) -> bytes:
        return cut(model, count, needed_behind(operators, count, results) if count else [one.index for one in inputs])

    reached, whole = _time_cuts(model, len(operators), behind, timed, rounds, progress)
    found = attribute(operators, reached, whole)
    reasons = judge_operators(found, float(np.median(whole)), float(np.median(reached[:, -1])))
    return OperatorProfile(
        valid=not reasons,
        reasons=reasons,
        whole_ms=float(np.median(whole)),
        total_ms=float(np.median(reached[:, -1])),
        call_ms=float(np.median(reached[:, 0])),
        operators=found,
        rounds=rounds,
        seconds=time.perf_counter() - begun,
        engine=info,
        machine=str(this_machine()),
        device=this_device(),
    )


def _time_cuts(
    model: bytes,
    operators: int,
    behind: Callable[[int], bytes],
    timed: Callable[[bytes], float],
    rounds: int,
    progress: Callable[[float], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of the network cut off behind each operator, [rounds, operators + 1], and of the whole, [rounds]."""
    cuts = range(operators + 1)
    reached, whole = np.zeros((rounds, len(cuts))), np.zeros(rounds)
    for number in range(rounds):
        # Every second round backwards: a machine that gets slower makes late cuts look dear, and then early ones.
        for done, count in enumerate(cuts if number % 2 == 0 else reversed(cuts)):
            reached[number, count] = timed(behind(count))
            progress((number + (done + 1) / (len(cuts) + 1)) / rounds)
        whole[number] = timed(model)
        progress((number + 1) / rounds)
    return reached, whole


def attribute(operators: Sequence[Operator], reached: np.ndarray, whole: np.ndarray) -> tuple[OperatorTime, ...]:
    """What each operator adds.

    Args:
        operators: of the main graph.
        reached: float64 [rounds, operators + 1], milliseconds of the network cut off behind 0, 1, ... operators.
        whole: float64 [rounds], milliseconds of the whole network.
    """
    middle, added = np.median(reached, axis=0), np.diff(reached, axis=1)
    total = float(np.median(whole)) or 1.0
    return tuple(
        OperatorTime(
            index=one.index,
            name=one.name,
            output_name=one.output_name,
            ms=float(middle[place + 1] - middle[place]),
            low_ms=float(added[:, place].min()),
            high_ms=float(added[:, place].max()),
            share=float(middle[place + 1] - middle[place]) / total,
        )
        for place, one in enumerate(operators)
    )


def judge_operators(found: Sequence[OperatorTime], whole_ms: float, total_ms: float) -> tuple[str, ...]:
    """Why a profile does not count; nothing where it does.

    Args:
        found: each operator's time.
        whole_ms: the whole network's, timed by itself.
        total_ms: what the operators come to.
    """
    reasons = []
    if abs(total_ms - whole_ms) > RECONCILED * whole_ms:
        reasons.append(
            f"the operators come to {total_ms:.3f} ms and the whole network takes {whole_ms:.3f} ms: "
            "the machine was not steady"
        )
    below = -sum(one.ms for one in found if one.ms < 0)
    if below > RECONCILED * whole_ms:
        reasons.append(
            f"noise: some operators come out at less than nothing, {below:.3f} ms of {whole_ms:.3f} ms in all; "
            "measure longer, or with nothing else running"
        )
    return tuple(reasons)


def _least_ms(interpreter: Any, inputs: Sequence[Tensor], seconds: float) -> float:
    for place, tensor in enumerate(inputs):
        interpreter.set_tensor(tensor.index, some_input(tensor, place))
    try:
        repeat(interpreter.invoke, seconds * WARM_UP_SHARE, 2)
        kept = repeat(interpreter.invoke, seconds * (1 - WARM_UP_SHARE), FEWEST_RUNS)
    except (ValueError, RuntimeError) as error:
        raise InputError(f"the model cannot run: {' '.join(str(error).split())[:300]}") from error
    return min(kept.times)
