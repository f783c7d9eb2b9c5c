"""What is wrong, in words, where something looks like a mistake and not like a bad model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
from edgecomp_runtime.contract import Contract

from ...data import Dataset, PreparedSet, check_overlap, open_data, prepared
from ...evaluate.assess import Assessment
from ...evaluate.diagnosis.damaged_layer import damaged_words, find_damaged
from ...evaluate.diagnosis.input_range import InputWatch, mismatch_words
from ...evaluate.diagnosis.label_order import label_order_words
from ...evaluate.diagnosis.near_duplicates import near_duplicates, near_duplicates_words, photo_prints
from ...evaluate.layers import LayerError
from ...tflite import read_tflite
from ...tflite.layers import tensor_layers
from ..workbench import Workbench

LAYER_SAMPLES = 8

TROUBLED_AGREEMENT = 0.97
TROUBLED_SQNR_DB = 15.0
"""Two files that agree better than this have no layer that ruins answers."""


def diagnose(found: Assessment, watch: InputWatch, names: Sequence[str]) -> list[str]:
    """What the answers and the inputs show.

    Args:
        found: of the file that is judged.
        watch: has seen its inputs.
        names: of the classes, or empty.
    """
    said = [mismatch_words(one) for one in watch.mismatches()]
    if found.reordered is not None:
        said.append(label_order_words(found.reordered, names))
    return said


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
    if found.sqnr_db is None or found.sqnr_db >= TROUBLED_SQNR_DB or (found.agreement or 0.0) >= TROUBLED_AGREEMENT:
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
    damaged = find_damaged(errors)
    return [] if damaged is None else [damaged_words(damaged, tensor_layers(parsed[0], layers).get(damaged.tensor))]


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
    with bench.steps.step("overlap", "looking for samples seen before") as step:
        known = open_data(seen, inputs=inputs)
        said = check_overlap(known, evaluation, role="training", allow_same=True)
        one = contract.inputs[0]
        if len(contract.inputs) > 1 or len(one.shape) != 4 or one.shape[-1] not in (1, 3):
            return said
        sets = [prepared(one, contract, keep_bytes=0) for one in (known, evaluation)]
        survey = sets[1].survey().inputs[one.name]
        prints = [
            photo_prints(
                (sample.name, _as_photo(sample.inputs[one.name], survey.low, survey.high))
                for sample in step.track(each.arranged(), len(each))
            )
            for each in sets
        ]
        near = near_duplicates_words(near_duplicates(*prints), known.source, evaluation.source)
        return [*said, *([near] if near else [])]


def _as_photo(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8, whatever the scale that arrays are stored in."""
    if values.dtype == np.uint8:
        return values
    scaled = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.rint(255 * scaled.clip(0, 1)), np.uint8)
