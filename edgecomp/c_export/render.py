"""Writes a plan down as C source. The templates beside this file say what the files look like."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

from .. import __version__
from ..tflite.micro_memory import MICRO_ALIGNMENT
from .literals import byte_array, comment, float_literal, string_literal
from .plan import CExport, Edge, Input

_FILES = ("model.h", "model.c", "example_main.cc")
_CTYPES = {
    "int8": "int8_t",
    "int16": "int16_t",
    "uint8": "uint8_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
}
_LIMITS = {"int8": (-128, 127), "int16": (-32768, 32767), "uint8": (0, 255)}


def render(plan: CExport) -> dict[str, str]:
    """The files to write, by their names.

    Returns:
        `NAME_model.h`, `NAME_model.c` (C99) and `NAME_example_main.cc` (C++11), all ASCII.
    """
    from jinja2 import Environment, StrictUndefined

    # Nothing is escaped here: names are made safe for C where they come in.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    values = _values(plan)
    folder = Path(__file__).parent
    templates = {name: (folder / f"{name}.j2").read_text(encoding="utf-8") for name in _FILES}
    return {
        f"{plan.identifier}_{name}": environment.from_string(text).render(values) for name, text in templates.items()
    }


def _values(plan: CExport) -> dict[str, Any]:
    labelled = next((edge.name for edge in plan.outputs if edge.shape[-1:] == (len(plan.labels),)), None)
    return {
        "name": plan.identifier,
        "NAME": plan.identifier.upper(),
        "title": comment(plan.title),
        "version": __version__,
        "preprocess_line": _preprocess_line(plan),
        "length": len(plan.model),
        "alignment": MICRO_ALIGNMENT,
        "sha256": hashlib.sha256(plan.model).hexdigest(),
        "crc32": f"0x{zlib.crc32(plan.model):08x}",
        "arena_bytes": plan.arena_bytes,
        "inputs": [_input_values(index, one) for index, one in enumerate(plan.inputs)],
        "outputs": [
            _edge_values(one) | {"meaning": _meaning(plan, index), "labelled": one.name == labelled}
            for index, one in enumerate(plan.outputs)
        ],
        "labels": [string_literal(label) for label in plan.labels],
        "resolver_methods": plan.resolver_methods,
        "array": byte_array(plan.model),
    }


def _preprocess_line(plan: CExport) -> str:
    if plan.preprocess is None:
        return "Raw values are taken as they are: a bare .tflite does not say how the model was fed in training."
    return f"Preprocessing: {comment(plan.preprocess)}. A raw value becomes (raw - mean) / std."


def _input_values(index: int, one: Input) -> dict[str, Any]:
    return _edge_values(one) | {
        "index": index,
        "photo": f", a {comment(one.photo)}" if one.photo else "",
        "channels": one.channels,
        "means": [float_literal(value) for value in one.means],
        "stds": [float_literal(value) for value in one.stds],
        "takes_real": one.scale is not None or one.dtype == "float32",
    }


def _edge_values(one: Edge) -> dict[str, Any]:
    low, high = _LIMITS.get(one.dtype, (0, 0))
    return {
        "name": comment(one.name),
        "ctype": _CTYPES[one.dtype],
        "shape": f"[{', '.join(map(str, one.shape))}]",
        "elements": one.elements,
        "scale": None if one.scale is None else float_literal(one.scale),
        "zero_point": one.zero_point,
        "low": float_literal(low),
        "high": float_literal(high),
    }


def _meaning(plan: CExport, index: int) -> str:
    if index > 0 or plan.activation == "none":
        return ""
    return f"; {plan.activation} has still to be applied"
