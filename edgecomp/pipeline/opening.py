"""The model of a run, opened as its options say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..models import OpenedModel, from_keras, open_model
from .options.shared import OpeningOptions


def open_with(model: Any, options: OpeningOptions) -> OpenedModel:
    """Opens a file, or takes a Keras model as it is.

    Raises:
        InputError: it cannot be opened; the message says why and what to do.
    """
    if not isinstance(model, (str, Path)):
        return from_keras(model, input_shape=options.input_shape)
    return open_model(
        model,
        custom_objects=options.custom_objects,
        allow_code=options.allow_code,
        input_shape=options.input_shape,
    )
