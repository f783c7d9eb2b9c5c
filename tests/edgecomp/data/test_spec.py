from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.data.spec import FileSpec, FunctionSpec, parse_spec
from edgecomp.errors import InputError


def test_an_existing_path_is_taken_as_it_is_even_with_a_colon_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    assert parse_spec(str(folder)) == FileSpec(folder)


def test_arrays_of_an_npz_file_are_chosen_after_a_colon(tmp_path: Path) -> None:
    file = tmp_path / "set.npz"
    np.savez(file, x=np.zeros(3))
    assert parse_spec(f"{file}:x_test, y_test") == FileSpec(file, ("x_test", "y_test"))
    with pytest.raises(InputError, match="names of the arrays are missing"):
        parse_spec(f"{file}:x,")


def test_a_function_is_named_by_its_module() -> None:
    assert parse_spec("package.module:make") == FunctionSpec("package.module", "make")


def test_a_script_is_told_apart_from_a_module() -> None:
    with pytest.raises(InputError, match="name the module instead of its file, as in calib:batches"):
        parse_spec("calib.py:batches")


@pytest.mark.parametrize("text", ["", "   ", "nothing/here", "gone.npz:x", "http://host/x.npz", "a" * 5000, "x\0y"])
def test_what_is_not_there_is_refused_with_the_forms_that_are_read(text: str) -> None:
    with pytest.raises(InputError, match="a folder of images"):
        parse_spec(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_clearly(text: str) -> None:
    try:
        parse_spec(text)
    except InputError:
        return
