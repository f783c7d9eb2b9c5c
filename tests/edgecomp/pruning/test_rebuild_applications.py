"""Every architecture of keras.applications can be cut, and computes what it should."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from pruning_oracle import check_cut, randomize

ARCHITECTURES = [
    name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))
]
FAST = ("MobileNetV3Small",)


def _small(name: str) -> Any:
    """A network for 10 classes and the smallest photos that it takes."""
    make = getattr(keras.applications, name)
    options = {"weights": None, "classes": 10, "classifier_activation": None}
    try:
        return make(input_shape=(32, 32, 3), **options)
    except ValueError:
        return make(input_shape=(75, 75, 3), **options)


def _parameters() -> list[Any]:
    return [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in ARCHITECTURES]


def test_none_is_forgotten() -> None:
    assert len(ARCHITECTURES) >= 38
    assert set(FAST) <= set(ARCHITECTURES)


@pytest.mark.parametrize("name", _parameters())
def test_random_cuts(name: str) -> None:
    keras.backend.clear_session()
    model = _small(name)
    randomize(model)
    for share in (0.25, 0.5):
        smaller = check_cut(model, share)
        assert smaller.count_params() < model.count_params() * (1 - share / 2)
