"""Names of models as identifiers that C and C++ take."""

from __future__ import annotations

import re

MAX_LENGTH = 40
"""Longer ones are cut: C99 tells external names apart by 31 characters at least, linkers by many more."""

_FALLBACK = "model"


def c_identifier(name: str) -> str:
    """An identifier that reads like the name: lower-case ASCII letters, digits and single underscores.

    It is used as the first part of longer identifiers (`digits_model`), so that it can be no keyword. A name that has
    nothing of the kind gives `model`; one that starts with a digit is put behind `model_`.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:MAX_LENGTH].strip("_")
    if not plain:
        return _FALLBACK
    return f"{_FALLBACK}_{plain}" if plain[0].isdigit() else plain
