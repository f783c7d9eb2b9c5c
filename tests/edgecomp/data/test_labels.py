from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgecomp.data import read_labels
from edgecomp.data.labels import as_class, from_array, from_texts
from edgecomp.errors import InputError


def test_names_are_sorted_into_classes_as_keras_does() -> None:
    labels = from_texts(["dog", "cat", "dog"], None, "t.csv")
    assert labels.values.tolist() == [1, 0, 1]
    assert labels.names == ("cat", "dog")


def test_given_labels_set_the_order_of_the_classes() -> None:
    labels = from_texts(["dog", "cat"], ("dog", "cat", "bird"), "t.csv")
    assert labels.values.tolist() == [0, 1]
    with pytest.raises(InputError, match=r"label 'cow'.*dog, cat, bird"):
        from_texts(["cow"], ("dog", "cat", "bird"), "t.csv")


def test_labels_that_are_numbers_by_name_follow_the_given_order() -> None:
    assert from_texts(["10", "9"], ("9", "10"), "t.csv").values.tolist() == [1, 0]
    assert from_texts(["10", "9"], None, "t.csv").values.tolist() == [10, 9]


def test_fractions_are_targets() -> None:
    labels = from_texts(["0.5", "2"], None, "t.csv")
    assert labels.classes is None
    assert labels.values.tolist() == [0.5, 2.0]


@pytest.mark.parametrize(
    "y",
    [
        np.array([2, 0, 1], np.uint8),
        np.array([[2], [0], [1]]),
        np.eye(3, dtype=np.float32)[[2, 0, 1]],
        np.array(["c", "a", "b"]),
        np.array([b"c", b"a", b"b"]),
    ],
    ids=["integers", "a column", "one-hot", "names", "bytes"],
)
def test_arrays_of_labels_become_class_indices(y: np.ndarray) -> None:
    assert from_array(y, None, "y").values.tolist() == [2, 0, 1]


def test_other_arrays_stay_targets() -> None:
    assert from_array(np.array([[0.2, 0.8], [0.5, 0.5]]), None, "y").classes is None
    assert from_array(np.zeros((4, 8, 8), np.int32), None, "y").values.shape == (4, 8, 8)


def test_labels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="neither numbers nor text"):
        from_array(np.array([1 + 2j]), None, "set.npz: y")


def test_a_whole_number_stored_as_a_fraction_is_a_class() -> None:
    assert as_class(np.array(3.0)) == 3
    assert as_class(np.array([1.0])) == 1
    for other in (np.array(0.5), np.array(np.nan), np.array(np.inf), np.zeros(2)):
        assert as_class(other) is other
    assert as_class(None) is None


def test_a_labels_file_may_be_numbered(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("0 Class one\n1 Class two\n", encoding="utf-8")
    assert read_labels(file) == ("Class one", "Class two")
    file.write_text("\ufeff1 apple\n\n3 pears\n", encoding="utf-8")
    assert read_labels(file) == ("1 apple", "3 pears")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "holds no labels"), (b"cat\ncat\n", "'cat' is there twice"), (b"\xff\xfe\x00", "cannot be read")],
)
def test_a_labels_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_labels(file)
