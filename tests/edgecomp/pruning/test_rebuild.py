"""Cut networks compute what the originals do once the readers of the removed channels are zero."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pruning_oracle import check_cut, precision, randomize
from random_networks import Recipe, build, networks

# Shrinking would take minutes, and recipes are short as they are.
SLOWLY = {"suppress_health_check": list(HealthCheck), "phases": (Phase.explicit, Phase.generate)}


def _built(recipe: Recipe) -> Any:
    keras.backend.clear_session()
    with precision("float64"):
        model = build(recipe)
    randomize(model)
    return model


@settings(max_examples=12, derandomize=True, **SLOWLY)
@given(networks(), st.sampled_from((0.25, 0.5)))
def test_random_networks(recipe: Recipe, share: float) -> None:
    with precision("float64"):
        check_cut(_built(recipe), share)


@pytest.mark.slow
@settings(max_examples=400, **SLOWLY)
@given(networks(), st.sampled_from((0.25, 0.5)), st.integers(0, 1000))
def test_many_random_networks(recipe: Recipe, share: float, seed: int) -> None:
    with precision("float64"):
        check_cut(_built(recipe), share, seed)
