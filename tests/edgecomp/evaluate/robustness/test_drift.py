"""A long stream of the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.evaluate.robustness import drift as room
from edgecomp.evaluate.robustness.drift import Drift, drift, drift_words


def test_a_file_that_stays_the_same_is_stable(network: Callable[[str], Any]) -> None:
    net = network("conv")
    found = drift(net.file, net.contract, threads=1, samples=net.samples[:4], inferences=400)
    assert (found.inferences, found.inputs, found.changed, found.first_change) == (400, 4, 0, None)
    assert found.stable
    assert "same output every time" in drift_words(found)


def test_an_output_that_changes_is_found(network: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    net, calls = network("conv"), [0]

    class Ageing(room.Runner):
        def stored(self, feeds: Any) -> Any:
            calls[0] += 1
            inputs, outputs = super().stored(feeds)
            return inputs, [one + (calls[0] > 50) for one in outputs]

    monkeypatch.setattr(room, "Runner", Ageing)
    found = drift(net.file, net.contract, threads=1, samples=net.samples[:4], inferences=100)
    assert (found.changed, found.first_change) == (54, 46)
    assert not found.stable
    assert "54 gave another output" in drift_words(found)


def test_growing_memory_is_a_leak(network: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[np.ndarray] = []

    class Leaking(room.Runner):
        def stored(self, feeds: Any) -> Any:
            kept.append(np.ones(1 << 16))
            return super().stored(feeds)

    net = network("conv")
    monkeypatch.setattr(room, "Runner", Leaking)
    found = drift(net.file, net.contract, threads=1, samples=net.samples[:2], inferences=100)
    assert not found.stable
    assert "that is a leak" in drift_words(found)


def test_a_system_that_does_not_tell_its_memory_is_not_guessed_at() -> None:
    found = Drift(10, 1, 0, None, None)
    assert found.stable
    assert "memory" not in drift_words(found)
