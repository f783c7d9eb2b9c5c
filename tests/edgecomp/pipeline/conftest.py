"""Conversions that share one worker process, since starting one imports TensorFlow again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from edgecomp.pipeline.convert import convert
from edgecomp.worker import Worker


@pytest.fixture
def quick(shared_worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`convert` with the shared worker, for a Raspberry Pi 4 if nothing else is said."""
    monkeypatch.setattr("edgecomp.pipeline.convert.Worker", lambda **_: nullcontext(shared_worker))

    def run(model: Any, **options: Any) -> Any:
        return convert(model, **{"target": "raspberry-pi-4b", **options})

    return run
