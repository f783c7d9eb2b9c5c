from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.data import open_data
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

ROW = TensorSpec("row", (1, 4))
PAIR = (TensorSpec("left", (1, 4)), TensorSpec("right", (1, 2)))
X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.arange(6) % 2


def rows(data: Any) -> np.ndarray:
    return np.stack([one.inputs["row"] for one in data])


MODULE = """
import numpy as np
X = np.arange(24, dtype=np.float32).reshape(6, 4)
def batches():
    for start in (0, 4):
        yield X[start : start + 4], np.array([0, 1, 0, 1])[: len(X) - start]
class Sets:
    @staticmethod
    def samples():
        return [(x, i) for i, x in enumerate(X)]
number = 3
def failing():
    raise RuntimeError("no disk")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "my_calibration.py").write_text(MODULE)
    (tmp_path / "broken_calibration.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    yield "my_calibration"
    for name in ("my_calibration", "broken_calibration"):
        sys.modules.pop(name, None)


def test_a_function_in_the_working_folder_is_called_for_every_pass(module: str) -> None:
    data = open_data(f"{module}:batches", inputs=[ROW])
    for _ in range(3):
        assert np.array_equal(rows(data), X)
        assert [one.label for one in data] == [0, 1, 0, 1, 0, 1]
    assert len(data) == 6
    assert len(open_data(f"{module}:Sets.samples", inputs=[ROW])) == 6
    assert "" not in sys.path[:1] or str(Path.cwd()) not in sys.path[:1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:f", "No module named 'no_such_module'"),
        ("my_calibration:g", "no attribute 'g'"),
        ("my_calibration:number", "is not a function but a int"),
        ("my_calibration:failing", "failed with RuntimeError: no disk"),
        ("broken_calibration:f", "importing it failed with ZeroDivisionError"),
    ],
)
def test_a_function_that_cannot_be_used_is_refused(module: str, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data(name, inputs=[ROW])


@pytest.mark.parametrize(
    "give",
    [
        lambda: iter(X),
        lambda: [X[:4], X[4:]],
        lambda: ((x,) for x in X),
        lambda: ({"row": x} for x in X),
        lambda: X,
        lambda: {"x": X},
        lambda: [X.tolist()],
    ],
    ids=["samples", "batches", "tuples of one", "by name", "an array", "a mapping", "lists"],
)
def test_samples_and_batches_are_told_apart_by_shape(give: Any) -> None:
    data = open_data(give, inputs=[ROW])
    assert np.array_equal(rows(data), X)
    assert not data.labelled


def test_several_inputs_come_by_name_or_in_a_list() -> None:
    left, right = X, np.arange(12, dtype=np.float32).reshape(6, 2)
    by_name = open_data(lambda: iter([{"left": left, "right": right, "y": Y}]), inputs=PAIR)
    in_list = open_data(lambda: (([a, b], y) for a, b, y in zip(left, right, Y, strict=True)), inputs=PAIR)
    for data in (by_name, in_list):
        assert [one.inputs["right"].tolist() for one in data] == right.tolist()
        assert [one.label for one in data] == Y.tolist()


def test_a_sequence_with_a_length_is_read_to_its_length() -> None:
    class Endless:
        """As Keras' PyDataset: iterating it never ends, its length does."""

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return X[index % 3 * 2 : index % 3 * 2 + 2], Y[:2]

    assert np.array_equal(rows(open_data(Endless, inputs=[ROW])), X)
    assert np.array_equal(rows(open_data(Endless(), inputs=[ROW])), X)


def test_a_function_without_an_end_needs_a_limit() -> None:
    def forever() -> Iterator[np.ndarray]:
        yield from itertools.cycle(X)

    with pytest.raises(InputError, match="may have no end"):
        open_data(forever, inputs=[ROW])
    assert len(list(open_data(forever, inputs=[ROW], limit=12))) == 12


def test_samples_given_once_only_are_refused() -> None:
    once = iter(X)
    with pytest.raises(InputError, match="gave its samples once and then none"):
        open_data(lambda: once, inputs=[ROW])
    with pytest.raises(InputError, match="give the function that makes it"):
        open_data(iter(X), inputs=[ROW])  # type: ignore[arg-type]


def test_samples_that_differ_from_pass_to_pass_are_warned_of() -> None:
    rng = np.random.default_rng(0)
    data = open_data(lambda: iter([rng.normal(size=(8, 4)).astype(np.float32)]), inputs=[ROW])
    assert "cannot be repeated" in data.warnings[0]


def test_fewer_samples_on_a_later_pass_are_an_error() -> None:
    left = iter([6, 6, 3])
    data = open_data(lambda: iter(X[: next(left)]), inputs=[ROW])
    with pytest.raises(InputError, match="fewer samples than on its first pass"):
        list(data)


def test_a_buffer_that_is_used_again_does_not_change_samples() -> None:
    def reuse() -> Iterator[np.ndarray]:
        buffer = np.zeros(4, np.float32)
        for x in X:
            buffer[:] = x
            yield buffer

    assert np.array_equal(rows(list(open_data(reuse, inputs=[ROW]))), X)


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda: iter([]), "gave no samples"),
        (lambda: None, "gave NoneType"),
        (lambda: iter([X[:, :3]]), r"item 0: row: one sample has shape \[3\]"),
        (lambda: iter([(X, Y[:3])]), "differ in their number of samples"),
        (lambda: iter([(X, Y), X]), "6 of 12 samples have no label"),
        (lambda: iter([X.astype(str)]), "holds text"),
        (lambda: iter([{"other": X}]), "arrays for other"),
        (lambda: iter([(x, np.zeros(i + 1)) for i, x in enumerate(X)]), "labels differ in shape"),
        (lambda: (1 / 0 for _ in X), "failed with ZeroDivisionError"),
    ],
)
def test_what_a_function_gives_wrongly_is_named(give: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_data(give, inputs=[ROW])


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(InputError, match="data of type int cannot be read"):
        open_data(3, inputs=[ROW])  # type: ignore[arg-type]
