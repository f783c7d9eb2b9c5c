"""Exporting Keras models in this process, and running what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.export.graph import freeze
from edgecomp.export.tflite import convert_graph
from edgecomp.models import OpenedModel, from_keras
from edgecomp.tflite import with_signature

Export = Callable[..., tuple[OpenedModel, bytes]]
Run = Callable[[bytes, dict[str, np.ndarray]], dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def export() -> Export:
    """Gives what was opened, and the float .tflite with a signature of the model's own names."""

    def made(keras_model: Any, **options: Any) -> tuple[OpenedModel, bytes]:
        opened = from_keras(keras_model, **options)
        file = convert_graph(freeze(opened))
        inputs, outputs = ([spec.name for spec in specs] for specs in (opened.inputs, opened.outputs))
        return opened, with_signature(file, inputs, outputs)

    return made


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a .tflite by the names of its signature."""
    from ai_edge_litert.interpreter import Interpreter

    def ran(file: bytes, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(Interpreter(model_content=file).get_signature_runner("serving_default")(**feeds))

    return ran
