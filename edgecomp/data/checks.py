"""Is a set fit to calibrate or to evaluate with? Errors for what would give wrong figures, warnings for what may."""

from __future__ import annotations

from collections.abc import Sequence

from edgecomp_runtime.contract import Contract, InputContract
from edgecomp_runtime.preprocess import parse_preprocess

from ..errors import InputError
from ..models.opened import TensorSpec
from ..wording import listed
from .dataset import Dataset
from .label_checks import check_labels
from .prepared import PreparedSet, prepared
from .survey import InputSurvey, Survey

FEWEST_CALIBRATION_SAMPLES = 20
"""Below this, ranges of activations still move with every sample added; TensorFlow's guide asks for 100 to 500."""

MOST_UNREADABLE = 0.1
"""Share of unreadable samples from which on a set is refused: what is left may be another set than was meant."""

_PIXEL_STD = 50.0
"""A standard deviation (or mean) this large means that raw values from 0 to 255 are expected."""

_UNIT_RANGE = 3.0
"""Normalized values stay within this: ImageNet's normalization ends at 2.64."""


def check_calibration(
    data: Dataset | PreparedSet, contract: Contract, specs: Sequence[TensorSpec] | None = None
) -> list[str]:
    """Checks a set to calibrate with, in one pass over it (none, where a `PreparedSet` has made its own).

    Args:
        data: the set; hand over a `PreparedSet` to have the pass fill it.
        contract: how samples become inputs.
        specs: the model's inputs; they are compared with the contract's.

    Returns:
        Warnings: one sentence each.

    Raises:
        InputError: empty; too many samples unreadable; NaN, infinity, a wrong shape or dtype; all samples alike; values
            that were normalized already; labels that the model's output does not have.
    """
    return _checked(data, contract, specs, evaluation=False)


def check_evaluation(
    data: Dataset | PreparedSet, contract: Contract, specs: Sequence[TensorSpec] | None = None
) -> list[str]:
    """Checks a set to evaluate with: what `check_calibration` does, and that there are labels.

    Args:
        data: see `check_calibration`.
        contract: how samples become inputs, and what the outputs mean.
        specs: see `check_calibration`.

    Returns:
        Warnings: one sentence each.

    Raises:
        InputError: see `check_calibration`; or samples without a label.
    """
    return _checked(data, contract, specs, evaluation=True)


def _checked(
    data: Dataset | PreparedSet, contract: Contract, specs: Sequence[TensorSpec] | None, *, evaluation: bool
) -> list[str]:
    samples = data if isinstance(data, PreparedSet) else prepared(data, contract, keep_bytes=0)
    dataset, survey = samples.dataset, samples.survey()
    _check_contract(contract, specs)
    readable = _check_readable(dataset, survey)
    return [
        *dataset.warnings,
        *readable,
        *_check_variety(dataset.source, contract, survey),
        *_check_scale(dataset.source, contract, survey),
        *check_labels(dataset, contract.outputs, survey, evaluation=evaluation),
        *([] if evaluation else _check_count(dataset.source, survey)),
    ]


def _check_contract(contract: Contract, specs: Sequence[TensorSpec] | None) -> None:
    has = [(one.name, tuple(one.shape)) for one in contract.inputs]
    wanted = [(one.name, tuple(one.shape)) for one in specs or ()]
    if specs is not None and has != wanted:
        raise InputError(f"the preprocessing contract is for inputs {listed(has)}, but the model has {listed(wanted)}")


def _check_readable(dataset: Dataset, survey: Survey) -> list[str]:
    skipped = dataset.skipped
    total = survey.samples + len(skipped)
    if not skipped:
        if not total:
            raise InputError(f"{dataset.source}: is empty; give at least one sample")
        return []
    told = "; ".join(f"{one.name}: {one.reason}" for one in skipped[:3])
    more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    if not survey.samples or len(skipped) > MOST_UNREADABLE * total:
        raise InputError(
            f"{dataset.source}: {len(skipped)} of {total} samples cannot be read, more than {MOST_UNREADABLE:.0%}: "
            f"{told}{more}. Mend or remove them"
        )
    return [f"{dataset.source}: {len(skipped)} of {total} samples cannot be read and are left out: {told}{more}"]


def _check_variety(source: str, contract: Contract, survey: Survey) -> list[str]:
    warnings = []
    for one in contract.inputs:
        seen = survey.inputs[one.name]
        if survey.samples > 1 and seen.identical:
            raise InputError(
                f"{source}: all {survey.samples} samples are identical in input {one.name}; give real data"
            )
        if seen.flat == survey.samples:
            raise InputError(
                f"{source}: every sample is constant in input {one.name} (one value throughout); give real data"
            )
        if seen.flat:
            warnings.append(
                f"{source}: {seen.flat} of {survey.samples} samples are constant in input {one.name}, "
                f"such as {seen.first_flat}"
            )
    return warnings


def _check_scale(source: str, contract: Contract, survey: Survey) -> list[str]:
    """Values that are not what the preprocessing starts from: normalized once already, or of another range."""
    found = (_scale_of(source, contract, one, survey.inputs[one.name]) for one in contract.inputs)
    return [warning for warning in found if warning]


def _scale_of(source: str, contract: Contract, one: InputContract, seen: InputSurvey) -> str | None:
    preset = parse_preprocess(contract.preprocess)
    if preset.name == "custom" or one.dtype != "float32" or not expects_pixels(one):
        return None
    told = f"{source}: input {one.name} has values from {seen.low:g} to {seen.high:g}, but --preprocess {preset.name}"
    if seen.low < 0:
        raise InputError(f"{told} expects 0 to 255; they look normalized already: pass --preprocess none")
    if seen.high <= _UNIT_RANGE and not seen.photo:
        raise InputError(f"{told} expects 0 to 255 and would scale them again: pass --preprocess none")
    if seen.high > 255:
        return f"{told} expects 0 to 255; mean=…,std=… can say what these need"
    if seen.high < 64 and not seen.photo:
        return f"{told} expects 0 to 255; is that the range the model was trained on?"
    return None


def expects_pixels(one: InputContract) -> bool:
    """Whether the normalization of an input starts from values of 0 to 255; a table's columns start anywhere."""
    return len(one.shape) > 2 and max(*one.std, *one.mean) >= _PIXEL_STD


def _check_count(source: str, survey: Survey) -> list[str]:
    if survey.samples >= FEWEST_CALIBRATION_SAMPLES:
        return []
    return [f"{source}: {survey.samples} sample(s) are few to calibrate with; 100 typical ones are usual"]
