"""Values as C source."""

from __future__ import annotations

import numpy as np

_BYTES_PER_LINE = 16


def byte_array(data: bytes) -> str:
    """The elements of an array of bytes, 16 a line: what stands between the braces of its initializer."""
    lines = (data[start : start + _BYTES_PER_LINE] for start in range(0, len(data), _BYTES_PER_LINE))
    return "\n".join("    " + " ".join(f"0x{byte:02x}," for byte in line) for line in lines)


def float_literal(value: float) -> str:
    """A literal of type float that is exactly the nearest float32: nine digits tell all of them apart."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def string_literal(text: str) -> str:
    """A string literal of the text's UTF-8 bytes, in ASCII only.

    Bytes other than printable ASCII are written as three octal digits, which, unlike hexadecimal ones, cannot run on
    into what follows; so are question marks, which could begin a trigraph.
    """
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def comment(text: str) -> str:
    """The text as it can stand in a comment: one line, printable ASCII, without what would end the comment.

    A backslash, or the trigraph of one, would continue a line comment on the next line.
    """
    kept = "".join(one if " " <= one <= "~" and one not in "\\?" else "_" for one in text)
    return kept.replace("*/", "* /").replace("/*", "/ *")
