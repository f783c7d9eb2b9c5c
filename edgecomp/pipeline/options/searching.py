"""The options of an open search, and of picking from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...planner.limits import GOAL_DESCRIPTIONS
from ...study.samplers import SAMPLER_DESCRIPTIONS
from .declare import described, option
from .shared import OpeningOptions, PrivacyOptions, ReadingOptions, ReleaseOptions

if TYPE_CHECKING:
    from rich.console import Console

TRIALS = 30
EPOCHS = 4
STUDY = "edgecomp"


def _listed(descriptions: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {words}" for name, words in descriptions.items())


@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """Where a search is kept."""

    storage: str | None = option(
        "Where the workers of a search meet: a journal file on a disk that all of them see, or a database as "
        "postgresql://user@host/name. [default: journal.log in the folder of the search]"
    )
    study: str = option(f"Name of the search, where a storage holds several. [default: {STUDY}]", default=STUDY)


@dataclass(frozen=True, kw_only=True)
class SearchOptions(StorageOptions, OpeningOptions, ReadingOptions):
    """All that `edgecomp search` can be told."""

    out: str | Path = field(
        metadata=described("Folder of the search, which workers share or have each for itself; it is added to.")
    )
    target: str | None = option("Device profile: a name (`edgecomp targets list`) or a YAML file of your own.")
    data: Any = option("Calibration samples, as for `edgecomp convert`.", in_python="By default some of `train`.")
    train: Any = option("Samples to train on; without them nothing that has to be won back is tried.")
    evaluation: Any = option(
        "Labelled samples, of which the search uses one half where there is no --train to hold some out of.",
        flag="--eval",
    )
    trials: int = option(f"How many, by all workers together. [default: {TRIALS}]", default=TRIALS)
    epochs: int = option(
        f"Passes over the samples in each training; a quarter of them tells whether the rest is worth it. "
        f"[default: {EPOCHS}]",
        default=EPOCHS,
    )
    sampler: str = option(
        f"Who chooses. {_listed(SAMPLER_DESCRIPTIONS)}. [default: tpe]",
        default="tpe",
    )
    scheme: str | None = option("Number format; by default what the target wants.")
    seed: int = option("Of everything random. [default: 0]", default=0)
    console: Console | None = option("Where progress is shown; None shows none.")


@dataclass(frozen=True, kw_only=True)
class PickOptions(StorageOptions, PrivacyOptions, ReleaseOptions):
    """All that `edgecomp search pick` can be told."""

    out: str | Path = field(metadata=described("Folder for the bundle and its report, as of `edgecomp convert`."))
    goal: str = option(
        f"What the point is to be best at. {_listed(GOAL_DESCRIPTIONS)}. [default: latency]",
        default="latency",
    )
    max_drop: float | None = option("Accuracy that may be lost, in percentage points.")
    max_latency: float | None = option("Milliseconds that the target may be predicted to take.")
    max_size: str | int | None = option("Bytes that the .tflite may have: 200k, 1.5M.")
    trial: int | None = option("Take this trial, whatever it costs.")
    force: bool = option("Replace an output folder that is not empty.", default=False)
    console: Console | None = option("Where progress is shown; None shows none.")
