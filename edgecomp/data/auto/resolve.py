"""`--preprocess auto`: what the model, its metadata, labelled samples or its BatchNorm layers say, else a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edgecomp_runtime.preprocess import NAMES, Preprocess, build_contract, parse_preprocess, prepare

from ...errors import InputError
from ...models.opened import TensorSpec
from ..dataset import Dataset, Sample
from ..labels import as_class
from ..limits import limited
from ..prepared import prepared
from .answers import Evaluate, evaluator, keras_predictor, tflite_predictor
from .batchnorm import CLEARLY_CLOSER, CLOSE, batchnorm_distance, nearest
from .candidates import candidates, pixel_input, split_auto
from .scaling import IDENTITY, Scaling
from .trial import Trial, choose_by_trial

BATCHNORM_SAMPLES = 64
_FEW = 16


@dataclass(frozen=True)
class Resolved:
    """The preprocessing to use, and why.

    Args:
        preprocess: how raw values become the model's input.
        reason: a sentence for the user.
        evidence: the figures behind it, ready for JSON.
        warnings: sentences a user should read.
    """

    preprocess: Preprocess
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Question:
    """What is known when the choice has to be made."""

    inputs: tuple[TensorSpec, ...]
    position: int
    options: str
    dataset: Dataset
    scaling: Scaling
    evaluate: Evaluate | None
    keras_model: Any | None
    tflite: bytes | None

    @property
    def candidates(self) -> tuple[Preprocess, ...]:
        return candidates(self.inputs[self.position], self.options)

    def named(self, name: str) -> Preprocess:
        return parse_preprocess(name + self.options)


def resolve_preprocess(
    text: str,
    *,
    opened_inputs: Sequence[TensorSpec],
    dataset: Dataset,
    evaluate: Evaluate | None = None,
    keras_model: Any | None = None,
    tflite: bytes | None = None,
) -> Resolved:
    """Finds the preprocessing that `auto` stands for; any other text is read as it is.

    In this order: the model scales its input by itself; the samples are not pixels; the .tflite's metadata say; the
    model answers labelled samples clearly best with one of the candidates; its first BatchNorm layers remember one.

    Args:
        text: `auto`, with options perhaps (`auto,fit=crop`), or what `parse_preprocess` reads.
        opened_inputs: the model's inputs.
        dataset: samples; labelled ones say more.
        evaluate: answers labelled samples under a preprocessing; by default the `tflite` or the `keras_model` is run.
        keras_model: the model, where it is a Keras model.
        tflite: the model as a float .tflite, as opened or as exported.

    Raises:
        InputError: the text cannot be read, or the evidence does not decide; the message gives what was found.
    """
    inputs, options = tuple(opened_inputs), split_auto(text)
    if options is None:
        return _as_given(text, inputs, dataset, keras_model, tflite)
    few = _reduced(dataset, inputs, options, _FEW)
    if not few:
        raise InputError(
            f"{dataset.source}: no sample could be read, so that --preprocess auto has nothing to go by; mend the "
            "samples, or say which preprocessing"
        )
    position = pixel_input(inputs, few)
    scaling = _scaling(inputs, keras_model, tflite, position or 0)
    if position is None:
        return _not_pixels(dataset, inputs, options, few, scaling)
    question = _Question(inputs, position, options, dataset, scaling, evaluate, keras_model, tflite)
    return _by_scaling(question) or _by_metadata(question) or _by_samples(question)


def _as_given(
    text: str, inputs: tuple[TensorSpec, ...], dataset: Dataset, keras_model: Any | None, tflite: bytes | None
) -> Resolved:
    preprocess = parse_preprocess(text)
    scaling = _scaling(inputs, keras_model, tflite, 0)
    scales = any(one != 1 for one in preprocess.std) or any(preprocess.mean)
    if scaling.wants == "pixels" and scales:
        told = (
            f"the model scales its input by itself ({', '.join(scaling.steps)}), so that --preprocess {text} scales it "
            "twice; --preprocess none is what it was most likely trained with"
        )
        return Resolved(preprocess, "as given", warnings=(told,))
    pixels = dataset.kind == "images" and keras_model is not None
    if pixels and preprocess.name == "none" and scaling.wants == "unit":
        told = f"the model takes values of 0 to 1 ({', '.join(scaling.steps)}), but --preprocess none gives 0 to 255"
        return Resolved(preprocess, "as given", warnings=(told,))
    return Resolved(preprocess, "as given")


def _not_pixels(
    dataset: Dataset, inputs: tuple[TensorSpec, ...], options: str, few: Sequence[Sample], scaling: Scaling
) -> Resolved:
    values = [sample.inputs[inputs[0].name] for sample in few]
    low, high = min(float(one.min()) for one in values), max(float(one.max()) for one in values)
    reason = (
        f"the samples are numbers from {low:.4g} to {high:.4g}, not pixels from 0 to 255, and are taken as they are"
    )
    doubt = scaling.wants == "pixels" and len(inputs[0].shape) == 4 and high <= 1
    told = (
        f"{dataset.source}: the samples reach only {high:.4g}, but the model scales its input by itself "
        f"({', '.join(scaling.steps)}) as if it were 0 to 255; were they normalized before they were saved?"
    )
    return Resolved(
        parse_preprocess("none" + options), reason, {"low": low, "high": high}, warnings=(told,) if doubt else ()
    )


def _by_scaling(question: _Question) -> Resolved | None:
    wants = question.scaling.wants
    if wants is None:
        return None
    steps = ", ".join(question.scaling.steps)
    evidence = {"scales_by_itself": list(question.scaling.steps)}
    if wants == "pixels":
        return Resolved(question.named("none"), f"the model scales pixels by itself ({steps})", evidence)
    return Resolved(question.named("0..1"), f"the model's own scaling ({steps}) starts from values of 0 to 1", evidence)


def _by_metadata(question: _Question) -> Resolved | None:
    from .tflite_scaling import normalization_metadata

    spec = question.inputs[question.position]
    found = normalization_metadata(question.tflite, spec, question.position) if question.tflite is not None else None
    channels = spec.shape[-1]
    if found is None or any(len(one) not in (1, channels) for one in found):
        return None
    mean, std = found
    named = next((one for one in question.candidates if (one.mean, one.std) == (mean, std)), None)
    made = named or replace(question.named("none"), name="custom", mean=mean, std=std)
    return Resolved(made, "the .tflite's metadata give this mean and std", {"metadata": {"mean": mean, "std": std}})


def _by_samples(question: _Question) -> Resolved:
    trial = _trial(question)
    evidence: dict[str, Any] = {"candidates": trial.figures() if trial else {}}
    if trial and trial.winner:
        return Resolved(trial.winner, trial.why, evidence)
    undecided = trial.tied if trial and trial.tied else question.candidates
    distances = _distances(question)
    for preprocess, distance in distances.items():
        evidence["candidates"].setdefault(str(preprocess), {})["batchnorm_distance"] = round(distance, 4)
    chosen = nearest({one: distances[one] for one in undecided}) if distances else None
    if chosen:
        others = [distances[one] for one in undecided if one != chosen]
        reason = (
            f"the model's first BatchNorm layers remember inputs like these under {chosen.name} (distance "
            f"{distances[chosen]:.2g}, the next candidate {min(others):.2g})"
        )
        return Resolved(chosen, reason, evidence)
    raise InputError(_refusal(question, trial, distances))


def _trial(question: _Question) -> Trial | None:
    evaluate = question.evaluate or _evaluate(question)
    if evaluate is None or not question.dataset.labelled:
        return None

    def draw(count: int) -> list[Sample]:
        samples = _reduced(question.dataset, question.inputs, question.options, count)
        classed = (sample._replace(label=as_class(sample.label)) for sample in samples)
        return [sample for sample in classed if isinstance(sample.label, int)]

    return choose_by_trial(question.candidates, evaluate, draw)


def _evaluate(question: _Question) -> Evaluate | None:
    images = question.dataset.kind == "images"
    if question.tflite is not None:
        return evaluator(question.inputs, tflite_predictor(question.tflite, question.inputs), images=images)
    if question.keras_model is not None:
        return evaluator(question.inputs, keras_predictor(question.keras_model, question.inputs), images=images)
    return None


def _distances(question: _Question) -> dict[Preprocess, float]:
    if question.keras_model is None:
        return {}
    import numpy as np

    samples = _reduced(question.dataset, question.inputs, question.options, BATCHNORM_SAMPLES)
    found = {}
    for one in question.candidates:
        contract = build_contract(one, question.inputs, (), images=question.dataset.kind == "images")
        values = [
            np.concatenate([prepare(tensor, sample.inputs[tensor.name]) for sample in samples])
            for tensor in contract.inputs
        ]
        distance = batchnorm_distance(question.keras_model, values)
        if distance is not None:
            found[one] = distance
    return found


def _refusal(question: _Question, trial: Trial | None, distances: Mapping[Preprocess, float]) -> str:
    tried = trial.why if trial else "there are no labels to try the candidates with"
    if distances:
        told = ", ".join(f"{one.name} {distance:.2g}" for one, distance in distances.items())
        remembered = (
            f"its BatchNorm layers are not clearly closest to one (distances {told}; the least must be under {CLOSE:g} "
            f"and {CLEARLY_CLOSER:g} times under the next)"
        )
    else:
        remembered = "there are no trained BatchNorm layers to compare with"
    names = ", ".join(one.name for one in question.candidates)
    return (
        f"--preprocess auto cannot tell how the model's input was scaled in training: {tried}, and {remembered}. "
        f"Pass --preprocess with one of {names}, or mean=…,std=…"
    )


def _scaling(inputs: Sequence[TensorSpec], keras_model: Any | None, tflite: bytes | None, position: int) -> Scaling:
    if keras_model is not None:
        from .keras_scaling import keras_scaling

        return keras_scaling(keras_model, position)
    if tflite is not None:
        from .tflite_scaling import tflite_scaling

        return tflite_scaling(tflite, inputs[position], position)
    return IDENTITY


def _reduced(dataset: Dataset, inputs: Sequence[TensorSpec], options: str, count: int) -> list[Sample]:
    """A few samples, evenly spread, photos already brought to the model's size so that memory stays small."""
    asked = parse_preprocess(NAMES[0] + options)
    plain = build_contract(replace(asked, color="rgb"), inputs, (), images=dataset.kind == "images")
    return list(prepared(limited(dataset, count), plain, keep_bytes=0).arranged())
