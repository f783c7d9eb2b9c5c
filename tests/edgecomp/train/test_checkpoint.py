"""A checkpoint is whole, or not there, or refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.train.checkpoint import State, forget_others, load, save

WHO = {"the student": "a", "the examples": "b"}


def _state(number: int) -> State:
    return State(WHO, {"step": number}, {"network": [np.full((3, 2), number, np.float32), np.array(number)]})


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "here"
    assert load(path, WHO) is None
    save(path, _state(1))
    save(path, _state(2))
    found = load(path, WHO)
    assert found is not None
    assert found.facts == {"step": 2}
    assert [one.tolist() for one in found.arrays["network"]] == [[[2, 2]] * 3, 2]
    assert os.listdir(tmp_path) == ["here"]


def test_one_of_another_training_is_refused_and_can_be_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "here"
    save(path, _state(1))
    with pytest.raises(InputError, match="it differs in the examples"):
        load(path, {**WHO, "the examples": "c"})
    forget_others(path, WHO)
    assert path.exists()
    forget_others(path, {**WHO, "the student": "c"})
    assert not path.exists()


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_one_never_loads(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "here"
    save(path, _state(1))
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        damaged = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged|no checkpoint"):
        load(path, WHO)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    path = tmp_path / "here"
    save(path, _state(1))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if broken == "fsync" else (Path, "replace")), fail)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        save(path, _state(2))
    monkeypatch.undo()
    found = load(path, WHO)
    assert found is not None
    assert found.facts == {"step": 1}
    assert os.listdir(tmp_path) == ["here"]
