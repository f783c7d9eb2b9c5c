"""The robustness of a file beside its reference: every corruption and attack at every strength, on the same samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract
from edgecomp_runtime.preprocess import normalize

from ...data import PreparedSet
from ...errors import InputError
from ...evaluate.assess import Assessment
from ...evaluate.chunks import in_chunks
from ...evaluate.robustness.adversarial import METHODS, STRENGTHS, UNIT, Bounds, attacked, keras_gradient
from ...evaluate.robustness.corruptions import CORRUPTIONS, Corruption, corrupted, is_photo
from ...evaluate.robustness.curves import Curve, Point, point
from ..workbench import Workbench
from .setting import Setting

SAMPLES = 500
"""That curves are measured on by default, evenly spread: their intervals are 2 to 4 points wide."""

BATCH = 50
ALL = "all"

Pairs = Iterable[tuple[dict[str, np.ndarray], Any]]


def chosen_names(text: str) -> tuple[str, ...]:
    """The corruptions and attacks that `--robustness` names.

    Args:
        text: names with commas between them, or "all" for all corruptions (attacks are named).

    Raises:
        InputError: a name is not known.
    """
    known = (*(one.name for one in CORRUPTIONS), *METHODS)
    wanted = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in wanted:
        if name != ALL and name not in known:
            raise InputError(f"--robustness {name} is none of {ALL}, {', '.join(known)}")
    corruptions = tuple(one.name for one in CORRUPTIONS)
    return tuple(dict.fromkeys(one for name in wanted for one in (corruptions if name == ALL else (name,))))


def measure_curves(setting: Setting, names: tuple[str, ...], *, most: int, bench: Workbench) -> tuple[Curve, ...]:
    """One curve a name; corruptions that the inputs cannot have are left out.

    Args:
        setting: what is measured.
        names: as `chosen_names` gives them.
        most: samples used.
        bench: where to run.

    Raises:
        InputError: an attack is asked for and there is no Keras classifier with labels to attack.
    """
    places = _spread(len(setting.samples), most)
    corruptions = [one for one in CORRUPTIONS if one.name in names and _possible(one, setting.contract)]
    attacks = [name for name in METHODS if name in names]
    if attacks:
        _check_attackable(setting)
    total = 1 + sum(len(one.strengths) for one in corruptions) + len(attacks) * len(STRENGTHS)
    with bench.steps.step("robustness", "making inputs worse") as step:
        done = 0

        def measured(strength: float, pairs: Pairs, what: str) -> Point:
            nonlocal done
            step.at(done, total, f"robustness: {what}")
            done += 1
            return _point(setting, strength, pairs, bench)

        clean = measured(0.0, _clean(setting.samples, places), "clean")
        curves = [
            Curve(
                one.name,
                one.unit,
                (clean, *(measured(s, _worse(setting, places, one, s), one.name) for s in one.strengths)),
            )
            for one in corruptions
        ]
        curves += [
            Curve(name, UNIT, (clean, *(measured(s, _misleading(setting, places, name, s), name) for s in STRENGTHS)))
            for name in attacks
        ]
        step.detail = f"{len(curves)} curves on {len(places)} samples"
    return tuple(curves)


def _point(setting: Setting, strength: float, pairs: Pairs, bench: Workbench) -> Point:
    found: dict[str, Assessment] = bench.worker.call(
        "edgecomp.evaluate.assess:assess",
        setting.files,
        setting.contract,
        threads=bench.threads,
        task=setting.task,
        intervals=False,
        stream=in_chunks(pairs),
    )
    reference = next(iter(setting.files))
    return point(strength, found[setting.ours], found[reference] if reference != setting.ours else None)


def _spread(count: int, most: int) -> frozenset[int]:
    return frozenset(range(count) if count <= most else np.linspace(0, count - 1, most).astype(int).tolist())


def _possible(corruption: Corruption, contract: Contract) -> bool:
    return not corruption.photos_only or any(is_photo(one.shape[1:]) for one in contract.inputs)


def _clean(samples: PreparedSet, places: frozenset[int]) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    return ((one.feeds, one.label) for place, one in enumerate(samples) if place in places)


def _worse(
    setting: Setting, places: frozenset[int], corruption: Corruption, strength: float
) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    change = _changer(setting, corruption, strength)
    for place, sample in enumerate(setting.samples.arranged()):
        if place in places:
            # Seeded by sample, so that each is made worse in the same direction at every strength.
            yield change(sample.inputs, np.random.default_rng((7, place))), sample.label


def _changer(
    setting: Setting, corruption: Corruption, strength: float
) -> Callable[[dict[str, np.ndarray], np.random.Generator], dict[str, np.ndarray]]:
    survey = setting.samples.survey()

    def change(inputs: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
        feeds = {}
        for one in setting.contract.inputs:
            raw = inputs[one.name]
            if one.dtype != "float32":  # ids stand for something; a bit more of an id is another thing
                feeds[one.name] = raw[None]
                continue
            if not corruption.photos_only or is_photo(raw.shape):
                low, high = _range(survey.inputs[one.name], raw)
                raw = corrupted(raw, corruption, strength, low=low, high=high, rng=rng)
            feeds[one.name] = normalize(one, raw[None])
        return feeds

    return change


def _range(survey: Any, raw: np.ndarray) -> tuple[float, float]:
    return (0.0, 255.0) if raw.dtype == np.uint8 else (survey.low, survey.high)


def _check_attackable(setting: Setting) -> None:
    inputs = setting.contract.inputs
    if setting.keras_model is None:
        raise InputError("attacks need the float Keras model: give it as FILE or --against")
    if setting.task not in ("classification", "keyword") or len(inputs) != 1 or inputs[0].dtype != "float32":
        raise InputError("attacks need labelled samples and a classifier of one float input: leave them out")


def _misleading(
    setting: Setting, places: frozenset[int], method: str, strength: float
) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    one, output = setting.contract.inputs[0], setting.contract.outputs[0]
    survey = setting.samples.survey().inputs[one.name]
    ends = (0.0, 255.0) if survey.photo else (survey.low, survey.high)
    low, high = (normalize(one, np.full(one.shape, end, np.float32)) for end in ends)
    bounds, gradient = (
        Bounds(np.minimum(low, high), np.maximum(low, high)),
        keras_gradient(setting.keras_model, output.activation),
    )
    batch: list[tuple[np.ndarray, int]] = []
    clean = [(feeds[one.name], label) for feeds, label in _clean(setting.samples, places) if label is not None]
    for start in range(0, len(clean), BATCH):
        batch = clean[start : start + BATCH]
        moved = attacked(
            method,
            np.concatenate([values for values, _ in batch]),
            np.array([label for _, label in batch], np.int64),
            strength=strength,
            bounds=bounds,
            gradient=gradient,
            seed=start,
        )
        yield from (({one.name: row[None]}, label) for row, (_, label) in zip(moved, batch, strict=True))
