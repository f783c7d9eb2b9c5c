"""What an application waits for: from starting a process to the model's first answer, and the memory that takes.

Each start is a fresh process, so that nothing is loaded or warm that would not be.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..errors import MeasurementError
from .memory import arena_bytes, forget_peak, peak_memory_bytes, resident_bytes
from .page_cache import cached_share, drop_from_cache

LONGEST_START_SECONDS = 600.0

# The folder one is in, which -c puts on the path, may hold anything: a numpy.py, for one.
_PROGRAM = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "from edgecomp_runtime.measure.cold import answer_once; answer_once(sys.argv[1])"
)


@dataclass(frozen=True)
class ColdStart:
    """Medians over some fresh processes. A figure the system does not give is None.

    Args:
        starts: processes that were timed.
        answer_ms: from starting the process to the first answer.
        import_ms: of that, importing NumPy, the interpreter and this package.
        load_ms: of that, reading the file and building the interpreter.
        first_ms: of that, the first inference.
        cached_share: what part of the model's file was in the page cache before loading, 0 to 1; in the first start,
            since later ones find what that one left.
        dropped: whether the kernel was asked to take the file out of the page cache before each start.
        before_bytes: resident before loading: Python, NumPy and the interpreter's libraries.
        load_peak_bytes: the most that was resident while the model was loaded, whole process.
        peak_bytes: the most that was resident until the first answer, whole process.
        model_adds_bytes: `peak_bytes` less `before_bytes`.
        arena_bytes: of the interpreter's arena (see `memory.arena_bytes`).
    """

    starts: int
    answer_ms: float
    import_ms: float
    load_ms: float
    first_ms: float
    cached_share: Optional[float]
    dropped: bool
    before_bytes: Optional[int]
    load_peak_bytes: Optional[int]
    peak_bytes: Optional[int]
    model_adds_bytes: Optional[int]
    arena_bytes: Optional[int]


def measure_cold(
    source: str,
    *,
    threads: int = 1,
    engine: Optional[str] = None,
    delegate: bool = True,
    starts: int = 1,
    drop_cache: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> ColdStart:
    """Times fresh processes that load a model and answer once.

    Args:
        source: a bundle or a .tflite, as `Model.load` takes it.
        threads: of the interpreter.
        engine: see `Model.load`.
        delegate: see `Model.load`.
        starts: how many processes, one after another.
        drop_cache: takes the file (only that one) out of the page cache before each start.
        progress: called with the share done, 0 to 1.

    Raises:
        MeasurementError: no process could be started, or it did not come to an answer; the message says why.
    """
    found = []
    dropped = drop_cache
    for number in range(starts):
        dropped = dropped and drop_from_cache(Path(source))
        found.append(_start({"source": source, "threads": threads, "engine": engine, "delegate": delegate}))
        progress((number + 1) / starts)
    middle = {name: _median([one[name] for one in found]) for name in found[0]}
    whole = {name: None if value is None else int(value) for name, value in middle.items() if name.endswith("_bytes")}
    return ColdStart(**{**middle, **whole, "cached_share": found[0]["cached_share"]}, starts=starts, dropped=dropped)


def _median(values: list[Any]) -> Any:
    return None if None in values else statistics.median(values)


def _start(options: dict[str, Any]) -> dict[str, Any]:
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    # The monotonic clock is the system's: a child can tell how long ago its parent looked at it.
    command = [sys.executable, "-c", _PROGRAM, json.dumps({**options, "began": time.monotonic()})]
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            timeout=LONGEST_START_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MeasurementError(f"no fresh process could be started ({type(error).__name__})") from None
    if ended.returncode < 0:
        raise MeasurementError(f"the fresh process was killed by {signal.Signals(-ended.returncode).name}")
    try:
        answered: dict[str, Any] = json.loads(ended.stdout.decode().splitlines()[-1])
    except (ValueError, IndexError):
        last = (ended.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise MeasurementError(f"the fresh process gave no answer: {last[:200]}") from None
    return answered


def answer_once(argument: str) -> None:
    """What the fresh process does: loads, answers once, and prints what that took.

    Args:
        argument: JSON, as `measure_cold` passes it on.
    """
    print(json.dumps(_answer_once(json.loads(argument))))


def _answer_once(options: dict[str, Any]) -> dict[str, Any]:
    from ..engines import find_engine
    from ..model import Model
    from .inputs import some_input

    find_engine(options["engine"])
    imported = time.monotonic()
    cached = cached_share(Path(options["source"]))
    before = resident_bytes()
    forget_peak()
    start = time.monotonic()
    model = Model.load(
        options["source"], threads=options["threads"], engine=options["engine"], delegate=options["delegate"]
    )
    loaded = time.monotonic()
    load_peak = peak_memory_bytes()
    stored = [some_input(one, index) for index, one in enumerate(model.inputs)]
    ready = time.monotonic()
    model.run_stored(stored)
    answered = time.monotonic()
    peak = peak_memory_bytes()
    began = options["began"]
    looked = start - imported + ready - loaded  # what an application would not do
    return {
        "answer_ms": 1000 * (answered - began - looked),
        "import_ms": 1000 * (imported - began),
        "load_ms": 1000 * (loaded - start),
        "first_ms": 1000 * (answered - ready),
        "cached_share": cached,
        "before_bytes": before,
        "load_peak_bytes": load_peak,
        "peak_bytes": peak,
        "model_adds_bytes": None if before is None or peak is None else max(peak - before, 0),
        "arena_bytes": arena_bytes(model._interpreter, model.bundle.model if model.bundle else None),
    }
