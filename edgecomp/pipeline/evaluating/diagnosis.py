"""What is wrong, in words, where something looks like a mistake and not like a bad model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ...data import Dataset, PreparedSet, check_overlap, open_data, prepared
from ...evaluate.assess import Assessment
from ...evaluate.diagnosis.damaged_layer import damaged_words, find_damaged
from ...evaluate.diagnosis.input_range import InputWatch, mismatch_words
from ...evaluate.diagnosis.label_order import Reordered, label_order_words
from ...evaluate.diagnosis.lost_columns import lost_columns_words
from ...evaluate.diagnosis.near_duplicates import near_duplicates, near_duplicates_words, photo_prints
from ...evaluate.layers import LayerError
from ...tflite import read_tflite
from ...tflite.layers import tensor_layers
from ..workbench import Workbench

LAYER_SAMPLES = 8

AS_GOOD = 0.9
"""Share of the reference's right answers that another order of the labels has to give, to be the explanation."""

TROUBLED_AGREEMENT = 0.97
TROUBLED_SQNR_DB = 15.0
"""Two files that agree better than this have no layer that ruins answers."""


def diagnose(found: Assessment, watch: InputWatch, names: Sequence[str], reference: Assessment | None) -> list[str]:
    """What the answers and the inputs show.

    Args:
        found: of the file that is judged.
        watch: has seen its inputs.
        names: of the classes, or empty.
        reference: of the file that it is held against; None where there is none.
    """
    said = [mismatch_words(one) for one in watch.mismatches()]
    if reference is None or _troubled(found):
        said += [lost_columns_words(one) for one in watch.lost_columns()]
    if found.reordered is not None and _explains(found.reordered, reference):
        said.append(label_order_words(found.reordered, names))
    return said


def _explains(order: Reordered, reference: Assessment | None) -> bool:
    """Whether another order makes a file good, where one that takes the labels as they are is good already.

    Else the answers of a file that lost its mind would now and then look like those of a permutation.
    """
    if reference is None or reference.reordered is not None or reference.metric is None:
        return True
    return order.reordered_accuracy >= AS_GOOD * reference.metric.value


def diagnose_layers(
    reference: bytes, file: bytes, found: Assessment, samples: PreparedSet, layers: Sequence[str], bench: Workbench
) -> list[str]:
    """Names the layer that ruins the answers, where they differ much and one layer does.

    Args:
        reference: the .tflite that is right.
        file: the one that is judged.
        found: how much they differ.
        samples: of which a few are run again.
        layers: names of the Keras model's layers, where they are known.
        bench: where to run.
    """
    if not _troubled(found):
        return []
    parsed = [read_tflite(one) for one in (reference, file)]
    names = [{tensor.name for tensor in one.main.tensors} for one in parsed]
    if not names[0] & names[1]:
        return []
    few = [sample.feeds for sample in islice(samples, LAYER_SAMPLES)]
    with bench.steps.step("layers", "looking for the layer to blame"):
        errors: dict[str, LayerError] = bench.worker.call(
            "edgecomp.evaluate.layers:layer_errors", reference, file, threads=bench.threads, samples=few
        )
    return layer_diagnosis(errors, reference, layers, found)


def layer_diagnosis(
    errors: Mapping[str, LayerError], reference: bytes, layers: Sequence[str], found: Assessment
) -> list[str]:
    """Names the layer that ruins the answers, where errors by layer are known already.

    Args:
        errors: by tensor, in the order of computation.
        reference: the .tflite that is right.
        layers: names of the Keras model's layers, where they are known.
        found: how much the files' answers differ; files that agree have no layer that ruins them.
    """
    if not _troubled(found):
        return []
    damaged = find_damaged(errors)
    if damaged is None:
        return []
    return [damaged_words(damaged, tensor_layers(read_tflite(reference), layers).get(damaged.tensor))]


def _troubled(found: Assessment) -> bool:
    sqnr, agreement = found.sqnr_db, found.agreement or 0.0
    return sqnr is not None and sqnr < TROUBLED_SQNR_DB and agreement < TROUBLED_AGREEMENT


def diagnose_overlap(seen: Any, evaluation: Dataset, contract: Contract, inputs: Any, bench: Workbench) -> list[str]:
    """Looks for evaluation samples that the model was made with.

    Args:
        seen: what it was trained or calibrated on, in any form that data come in.
        evaluation: the evaluation set.
        contract: of the model, for the sizes of its photos.
        inputs: the model's.
        bench: where progress is shown.

    Raises:
        InputError: the set cannot be read.
    """
    with bench.steps.step("overlap", "looking for samples seen before"):
        known = open_data(seen, inputs=inputs)
        said = check_overlap(known, evaluation, role="training", allow_same=True)
        return said + find_near_duplicates(*(prepared(one, contract, keep_bytes=0) for one in (known, evaluation)))


def find_near_duplicates(known: PreparedSet, evaluation: PreparedSet, *, least_share: float = 0.0) -> list[str]:
    """Looks for photos of one set that are in another, saved anew, scaled or made brighter.

    Args:
        known: what the model was made with.
        evaluation: what it is judged by; both prepared for the same model.
        least_share: of the evaluation photos; fewer are not worth a word, since small photos of one kind can be alike.
    """
    one = evaluation.contract.inputs[0]
    if len(evaluation.contract.inputs) > 1 or len(one.shape) != 4 or one.shape[-1] not in (1, 3):
        return []
    survey = evaluation.survey().inputs[one.name]
    prints = [
        photo_prints(
            (sample.name, _as_photo(sample.inputs[one.name], survey.low, survey.high)) for sample in each.arranged()
        )
        for each in (known, evaluation)
    ]
    found = near_duplicates(*prints)
    near = near_duplicates_words(found, known.dataset.source, evaluation.dataset.source)
    return [near] if near and found.shared >= least_share * found.evaluation else []


def _as_photo(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8, whatever the scale that arrays are stored in."""
    if values.dtype == np.uint8:
        return values
    scaled = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.rint(255 * scaled.clip(0, 1)), np.uint8)
