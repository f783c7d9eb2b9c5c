from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgecomp.data import open_data
from edgecomp.errors import InputError
from edgecomp.models.opened import TensorSpec

ROW = TensorSpec("row", (1, 3))
PHOTO = TensorSpec("photo", (1, 4, 4, 3))


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "set.csv"
    file.write_text(text, encoding=encoding)
    return file


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c,label\n1,2,3,1\n4,5,6.5,0\n",
        "label,a,b,c\n1,1,2,3\n0,4,5,6.5\n",
        "1,2,3,1\n4,5,6.5,0\n",
        "a;b;c;target\r\n1;2;3;1\r\n4;5;6.5;0\r\n",
        "a\tb\tc\ty\n1\t2\t3\t1\n\n4\t5\t6.5\t0",
        '\ufeff"a","b","c","Class"\n"1","2","3","1"\n"4","5","6.5","0"\n',
        "a,b,c,species\n1,2,3,wet\n4,5,6.5,dry\n",
    ],
    ids=[
        "header",
        "label first",
        "no header",
        "semicolons",
        "tabs and blank lines",
        "quoted, byte order mark",
        "names",
    ],
)
def test_rows_of_numbers_are_read_however_they_are_laid_out(tmp_path: Path, text: str) -> None:
    data = open_data(write(tmp_path, text), inputs=[ROW])
    for _ in range(2):
        assert [one.inputs["row"].tolist() for one in data] == [[1, 2, 3], [4, 5, 6.5]]
        assert [one.label for one in data] == [1, 0]
    assert data.kind == "arrays"


def test_rows_without_a_label_column_are_unlabelled(tmp_path: Path) -> None:
    data = open_data(write(tmp_path, "a,b,c\n1,2,3\n"), inputs=[ROW])
    assert not data.labelled
    assert [one.name for one in data] == ["line 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b,c,label\n", "has a header but no rows"),
        ("a,b,label\n1,2,0\n", r"3 columns \(a, b, label\).*takes 3 numbers"),
        ("1,2,3,4,0\n", "5 columns"),
        ("a,b,c,label\n1,2,3,0\n1,2,0\n", "line 3 has 3 cells where the first row has 4"),
        ("a,b,c,label\n1,2,3,0\n1,,3,0\n", r"line 3, column 'b' is empty"),
        ("a,b,c,label\n1,2,3,0\n1,n/a,3,0\n", r"line 3, column 'b' is 'n/a', not a number"),
        ("a,b,c,label\n1,2,3,\n", "row 1 after the header has no label"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(open_data(write(tmp_path, text), inputs=[ROW]))


def test_a_table_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        open_data(write(tmp_path, "a,b,c,label\n1,2,3,größe\n", "utf-16"), inputs=[ROW])


def test_a_table_feeds_one_input_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="feeds one input"):
        open_data(write(tmp_path, "1,2,3\n"), inputs=[ROW, TensorSpec("other", (1, 2))])


def test_a_limit_balances_the_classes_of_a_table(tmp_path: Path) -> None:
    lines = [f"{i},0,0,{'ab'[i >= 40]}" for i in range(50)]
    data = open_data(write(tmp_path, "a,b,c,label\n" + "\n".join(lines)), inputs=[ROW], limit=10)
    assert [one.label for one in data] == [0] * 5 + [1] * 5
    assert len(data) == 10


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for index, name in enumerate(("in/a.png", "b.JPG", "c d.bmp")):
        Image.new("RGB", (5, 7), (index, 0, 0)).save(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "file,label\nin/a.png,dog\nb.JPG,cat\nc d.bmp,dog\n",
        "in/a.png,dog\nb.JPG,cat\nc d.bmp,dog\n",
        "dog,in/a.png\ncat,b.JPG\ndog,c d.bmp\n",
        "id;breed;split;Filename;label\n1;x;t;in/a.png;dog\n2;x;t;b.JPG;cat\n3;x;t;c d.bmp;dog\n",
    ],
    ids=["header", "no header", "label first", "more columns"],
)
def test_photos_are_found_beside_their_table(photos: Path, text: str) -> None:
    data = open_data(write(photos, text), inputs=[PHOTO])
    assert data.kind == "images"
    assert data.class_names == ("cat", "dog")
    assert [(one.name, one.label) for one in data] == [("in/a.png", 1), ("b.JPG", 0), ("c d.bmp", 1)]


def test_photos_that_a_table_names_wrongly_are_skipped_by_name(photos: Path) -> None:
    data = open_data(write(photos, "file,label\nb.JPG,0\ngone.png,1\n"), inputs=[PHOTO])
    assert [one.name for one in data] == ["b.JPG"]
    assert data.skipped[0].name == "gone.png"
    assert "no such file" in data.skipped[0].reason


def test_a_table_of_photos_with_unclear_columns_is_refused(photos: Path) -> None:
    with pytest.raises(InputError, match="name the two that matter"):
        open_data(write(photos, "b.JPG,0,1\n"), inputs=[PHOTO])
    with pytest.raises(InputError, match="photos do not fit"):
        open_data(write(photos, "b.JPG,0\n"), inputs=[ROW])


@given(
    st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
@settings(max_examples=40)
def test_numbers_survive_a_table(tmp_path: Path, rows: list[list[float]], delimiter: str, header: bool) -> None:
    lines = ([delimiter.join("abc")] if header else []) + [delimiter.join(map(repr, row)) for row in rows]
    data = open_data(write(tmp_path, "\n".join(lines)), inputs=[ROW])
    assert np.array_equal(np.stack([one.inputs["row"] for one in data]), np.array(rows, np.float32))


@given(st.text(alphabet='ab1.,;"\n\r\t \0é', max_size=60))
@settings(max_examples=150)
def test_any_table_is_read_or_refused_clearly(tmp_path: Path, text: str) -> None:
    try:
        samples = list(open_data(write(tmp_path, text), inputs=[ROW]))
    except InputError:
        return
    assert all(one.inputs["row"].shape == (3,) for one in samples)
