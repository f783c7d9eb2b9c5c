"""Everything that samples say of a file beside its reference: figures, changed answers, what it looks at, mistakes.

`evaluate` and `convert` both judge here, so that a report says what the command says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...evaluate.assess import Assessment
from ...evaluate.diagnosis.input_range import InputWatch, input_steps, representable_inputs
from ...tflite import read_tflite
from ..workbench import Workbench
from .attention import attention_data
from .changes import changes_data
from .diagnosis import diagnose
from .results import comparison_data, figures_data
from .setting import Setting, sample_chunks

__all__ = ["Judged", "Setting", "judge"]

MAP_SECONDS = 10.0
"""That covering parts of inputs may take where somebody waits for an evaluation."""


@dataclass(frozen=True)
class Judged:
    """What was found.

    Args:
        found: by the files' names.
        data: the same and more, as report.json has it under "evaluation": docs/report.md.
    """

    found: dict[str, Assessment]
    data: dict[str, Any]

    def with_diagnosis(self, said: Sequence[str]) -> Judged:
        """With further mistakes, in words."""
        return Judged(self.found, {**self.data, "diagnosis": list(dict.fromkeys([*self.data["diagnosis"], *said]))})


def judge(
    setting: Setting,
    bench: Workbench,
    *,
    max_drop: float | None = None,
    names: Sequence[str] = (),
    map_seconds: float = MAP_SECONDS,
    limit: int | None = None,
    with_labels: bool = True,
    said: Sequence[str] = (),
) -> Judged:
    """Runs the files on the samples and looks at what comes out.

    Args:
        setting: what is held against what.
        bench: where to run.
        max_drop: percentage points of top-1 that may be lost; None for no budget.
        names: of the classes; empty takes those of the contract.
        map_seconds: that covering parts of inputs may take; 0 leaves it out.
        limit: samples used at most.
        with_labels: whether labels count, where samples have them.
        said: mistakes that are known already, in words.

    Raises:
        InputError: the reference gives NaN or infinity, or a label does not fit the task.
    """
    called = names or setting.contract.outputs[0].labels
    judged = read_tflite(setting.files[setting.ours], name=setting.ours)
    watch = InputWatch(representable_inputs(judged), input_steps(judged))
    found = _assess(setting, watch, bench, limit=limit, with_labels=with_labels)
    ours = found[setting.ours]
    reference = found[setting.reference] if setting.reference is not None else None
    data: dict[str, Any] = {
        "task": setting.task if with_labels else None,
        "n": ours.n,
        "files": {name: figures_data(one) for name, one in found.items()},
        "comparison": comparison_data(ours, max_drop, called) if reference is not None else None,
        "changes": changes_data(ours.changes, setting, called) if ours.changes is not None else None,
        "attention": None,
        "samples_hidden": setting.hide_samples,
        "diagnosis": list(dict.fromkeys([*said, *diagnose(ours, watch, called, reference)])),
    }
    if map_seconds > 0 and ours.changes is not None:
        data["attention"] = attention_data(setting, ours.changes, called, seconds=map_seconds, bench=bench)
    return Judged(found, data)


def _assess(
    setting: Setting, watch: InputWatch, bench: Workbench, *, limit: int | None, with_labels: bool
) -> dict[str, Assessment]:
    samples = setting.samples
    count = len(samples) if limit is None else min(limit, len(samples))
    with bench.steps.step("evaluate", "running the files on the samples") as step:
        chunks = sample_chunks(samples, most=limit, labels=with_labels)
        found: dict[str, Assessment] = bench.worker.call(
            "edgecomp.evaluate.assess:assess",
            setting.files,
            setting.contract,
            threads=bench.threads,
            task=setting.task if with_labels else None,
            stream=watch.watching(step.track(chunks, count, amount=len), setting.contract),
        )
        step.detail = f"{found[setting.ours].n} samples"
    return found
