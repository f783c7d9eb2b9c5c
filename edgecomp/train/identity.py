"""What a training is a training of, so that a checkpoint is never taken for another's."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from .examples import Examples
from .features import FeatureMatch
from .settings import TrainSettings


def identify(
    student: Any, teacher: Any | None, examples: Examples, settings: TrainSettings, features: Sequence[FeatureMatch]
) -> dict[str, str]:
    """Digests by what they are of, in the words of an error message.

    Args:
        student: as it is before the first step.
        teacher: or None.
        examples: all of them.
        settings: as asked for.
        features: that are drawn together.
    """
    wanted = repr(sorted(dataclasses.asdict(settings).items())) + repr(tuple(features))
    return {
        "the student": network_digest(student),
        "the teacher": "" if teacher is None else network_digest(teacher),
        "the examples": hashlib.sha256(f"{examples.digest} {examples.contract.to_dict()}".encode()).hexdigest(),
        "the settings": hashlib.sha256(wanted.encode()).hexdigest(),
    }


def network_digest(network: Any) -> str:
    """SHA-256 of a network's kinds of layers and its weights; not of names, which Keras counts up in each process."""
    digest = hashlib.sha256(" ".join(type(layer).__name__ for layer in network.layers).encode())
    for weight in network.weights:
        value = np.ascontiguousarray(np.asarray(weight))
        digest.update(f" {value.shape} {value.dtype} ".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
