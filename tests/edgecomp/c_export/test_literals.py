"""Names and values as C source: whatever comes in, what comes out can stand there."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.c_export.identifiers import MAX_LENGTH, c_identifier
from edgecomp.c_export.literals import byte_array, comment, float_literal, string_literal


@given(st.text(max_size=80))
def test_every_name_becomes_an_identifier(name: str) -> None:
    made = c_identifier(name)
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", made)
    assert len(made) <= MAX_LENGTH + len("model_")
    assert c_identifier(made) == made or made.startswith("model_")


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("digits", "digits"),
        ("MobileNetV2 (0.35)", "mobilenetv2_0_35"),
        ("2 fast", "model_2_fast"),
        ("猫", "model"),
        ("../../etc/passwd", "etc_passwd"),
        ("__init__", "init"),
    ],
)
def test_identifiers_read_like_the_name(name: str, identifier: str) -> None:
    assert c_identifier(name) == identifier


@given(st.binary(max_size=200))
def test_every_array_holds_its_bytes(data: bytes) -> None:
    elements = re.findall(r"0x([0-9a-f]{2}),", byte_array(data))
    assert bytes.fromhex("".join(elements)) == data


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_float_is_read_back_as_it_was(value: float) -> None:
    text = float_literal(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?f", text)
    assert "." in text or "e" in text
    assert np.float32(text[:-1]) == np.float32(value)


@given(st.text(max_size=40))
def test_every_string_is_read_back_as_it_was(text: str) -> None:
    literal = string_literal(text)
    assert literal.isascii()
    assert "??" not in literal
    assert ast.literal_eval("b" + literal) == text.encode()


@given(st.text(max_size=60))
def test_no_text_ends_a_comment(text: str) -> None:
    made = comment(text)
    assert made.isascii()
    assert not re.search(r"\*/|/\*|\\|\n|\?\?", made)
