"""Turns trained Keras models into measured, verified INT8 bundles for a named device.

Nothing is imported here until it is asked for, so that `import edgecomp` costs neither TensorFlow nor NumPy.

Example:
    >>> import edgecomp
    >>> result = edgecomp.convert("model.keras", target="raspberry-pi-4b", data="photos/", out="result/")
    >>> result.report["compressed"]["bytes"]
    79552
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .factorize.plan import lower_rank, plan_low_rank
    from .models import OpenedModel, open_model
    from .pipeline.convert import convert
    from .pipeline.distill import distill
    from .pipeline.evaluate import evaluate_files
    from .pipeline.pick import pick
    from .pipeline.result import ConvertResult
    from .pipeline.search import search
    from .pruning.plan import plan_pruning, prune

__version__ = "0.1.0"

__all__ = [
    "ConvertResult",
    "OpenedModel",
    "convert",
    "distill",
    "evaluate_files",
    "lower_rank",
    "open_model",
    "pick",
    "plan_low_rank",
    "plan_pruning",
    "prune",
    "search",
]

_HOMES = {
    "ConvertResult": "pipeline.result",
    "OpenedModel": "models",
    "convert": "pipeline.convert",
    "distill": "pipeline.distill",
    "evaluate_files": "pipeline.evaluate",
    "lower_rank": "factorize.plan",
    "open_model": "models",
    "pick": "pipeline.pick",
    "plan_low_rank": "factorize.plan",
    "plan_pruning": "pruning.plan",
    "prune": "pruning.plan",
    "search": "pipeline.search",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
