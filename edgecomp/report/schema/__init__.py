"""The schema of report.json, version 1, and its check.

The schema is data (`REPORT`), written with a few kinds of value. It is only ever extended: keys it does not know are
let through, so that a report of a later edgecomp can still be read, and every key but `schema` and `target` may be
missing or null, because a figure that was not measured is absent, never guessed.

This is our own check and not a JSON Schema library: it has to refuse NaN and infinity, which JSON Schema cannot
name, and it runs inside every conversion, where importing such a library costs more than the check.
"""

from .check import SCHEMA_VERSION, validate_report
from .conversion import REPORT
from .specs import Anything, ByName, Fields, Flag, Items, Number, Spec, Text

__all__ = [
    "REPORT",
    "SCHEMA_VERSION",
    "Anything",
    "ByName",
    "Fields",
    "Flag",
    "Items",
    "Number",
    "Spec",
    "Text",
    "validate_report",
]
