"""Runs and measures edgecomp's models on the device.

Nothing is imported here until it is asked for, so that `edgecomp-runtime doctor` works where nothing is installed yet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classes import Prediction
    from .contract import Contract
    from .errors import EdgecompError, InputError, IntegrityError, MeasurementError
    from .model import Model

__version__ = "0.1.0"

__all__ = ["Contract", "EdgecompError", "InputError", "IntegrityError", "MeasurementError", "Model", "Prediction"]

_HOMES = {
    "Contract": "contract",
    "EdgecompError": "errors",
    "InputError": "errors",
    "IntegrityError": "errors",
    "MeasurementError": "errors",
    "Model": "model",
    "Prediction": "classes",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
