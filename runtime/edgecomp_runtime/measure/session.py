"""Measures files rather than loaded models: cold starts, rest, loading and the benchmark, in one or several ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

from ..engines import ENGINES, find_engine
from ..errors import InputError, MeasurementError
from ..hashes import file_sha256
from ..model import Model
from .benchmark import benchmark
from .cold import ColdStart, measure_cold
from .energy import EnergyMeter
from .plan import Plan
from .probe import Probe
from .result import BenchResult
from .validity import PLAIN

ALL = "all"

Say = Callable[[str], None]
"""Is told what is going on, in a few words."""


@dataclass(frozen=True)
class Setting:
    """One way to run a model.

    Args:
        engine: see `Model.load`.
        threads: of the interpreter.
        delegate: "xnnpack", "none", or None for what comes by itself.
        cpus: that this process is bound to; None where it is free.
    """

    engine: Optional[str] = None
    threads: int = 1
    delegate: Optional[str] = None
    cpus: Optional[frozenset[int]] = None

    @property
    def with_delegate(self) -> bool:
        """What `Model.load` is told."""
        return self.delegate != PLAIN


@dataclass(frozen=True)
class Sweep:
    """A model measured in several ways.

    Args:
        results: in the order of the settings.
        skipped: engines that are not here or cannot open the model, and why.
    """

    results: tuple[BenchResult, ...]
    skipped: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: "sweep", a list of results, and "skipped", reasons by engine."""
        return {"sweep": [one.to_dict() for one in self.results], "skipped": self.skipped}


def settings(
    engine: Optional[str], threads: Sequence[int], delegate: Optional[str], cpus: Optional[frozenset[int]]
) -> tuple[tuple[Setting, ...], dict[str, str]]:
    """All ways to run a model.

    Args:
        engine: a name, "all" for each that is installed, or None for the first one.
        threads: numbers of threads.
        delegate: see `Setting`.
        cpus: see `Setting`.

    Returns:
        the settings, and reasons by the name of engines that are not here.

    Raises:
        InputError: there is no engine at all.
    """
    engines: list[Optional[str]] = [engine]
    skipped = {}
    if engine == ALL:
        engines = []
        for name in ENGINES:
            try:
                find_engine(name)
                engines.append(name)
            except InputError as error:
                skipped[name] = str(error)
        if not engines:
            find_engine()
    return tuple(Setting(name, count, delegate, cpus) for name in engines for count in threads), skipped


def sweep(
    chosen: Sequence[Setting], skipped: Mapping[str, str], measure: Callable[[int, Setting], BenchResult]
) -> Sweep:
    """Measures in each setting, one after another.

    Args:
        chosen: the settings, one or more.
        skipped: engines that are not here.
        measure: takes a setting's number, from 1, and the setting.

    Returns:
        what was measured; of several engines, those that cannot open the model are among the skipped ones.

    Raises:
        InputError: none can, or there is only one engine and it cannot.
    """
    results, failed, failure = [], dict(skipped), None
    several = bool(skipped) or len({one.engine for one in chosen}) > 1
    for number, setting in enumerate(chosen, start=1):
        try:
            results.append(measure(number, setting))
        except InputError as error:
            if not several:
                raise
            failed[f"{setting.engine}, {setting.threads} thread(s)"] = str(error)
            failure = error
    if failure is not None and not results:
        raise failure
    return Sweep(tuple(results), failed)


def measure_file(
    source: str,
    plan: Plan,
    setting: Setting,
    *,
    load: Callable[[], Model],
    probe: Optional[Probe] = None,
    drop_cache: bool = False,
    meter: Optional[EnergyMeter] = None,
    say: Say = lambda _: None,
) -> BenchResult:
    """Measures a file in one way.

    Args:
        source: a bundle or a .tflite.
        plan: how long and how often.
        setting: how it runs; the process is bound to its CPUs already.
        load: opens the model in that setting.
        probe: see `benchmark`.
        drop_cache: takes the file out of the page cache before each cold start.
        meter: see `benchmark`.
        say: is told what goes on.

    Raises:
        InputError: the file cannot be opened, or does not run.
    """
    cold, failure = _cold(source, plan, setting, drop_cache, say)
    model = load()  # a file that cannot be opened is no reason to wait for the rest
    _rest(plan.cool_down_seconds, say)
    result = benchmark(
        model,
        plan,
        probe=probe,
        asked=setting.delegate,
        cpus=setting.cpus,
        cold=cold,
        meter=meter,
        progress=lambda share: say(f"measuring {share:.0%}"),
    )
    notes = (*result.notes, failure) if failure else result.notes
    return replace(result, notes=notes, model_sha256=_sha256_of(model, source))


def _sha256_of(model: Model, source: str) -> Optional[str]:
    """Which model was measured: what its bundle says, or the hash of the file."""
    if model.bundle is not None:
        entry = model.bundle.manifest.entry(model.bundle.manifest.model)
        return None if entry is None else entry.sha256
    try:
        return file_sha256(Path(source))
    except OSError:  # it was there when the model was loaded; what was measured is worth keeping all the same
        return None


def _cold(source: str, plan: Plan, setting: Setting, drop_cache: bool, say: Say) -> tuple[Optional[ColdStart], str]:
    if not plan.cold_starts:
        return None, ""
    try:
        cold = measure_cold(
            source,
            threads=setting.threads,
            engine=setting.engine,
            delegate=setting.with_delegate,
            starts=plan.cold_starts,
            drop_cache=drop_cache,
            progress=lambda share: say(f"cold starts {share:.0%}"),
        )
    except MeasurementError as error:
        return None, f"cold start not measured: {error}"
    return cold, ""


def _rest(seconds: float, say: Say) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        say(f"cooling down, {left:.0f} s left")
        time.sleep(min(left, 1.0))
