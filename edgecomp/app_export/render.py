"""Fills the templates beside this file: classes in Kotlin and Swift that prepare photos and read answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from .. import __version__
from .embed import with_metadata
from .metadata import LABELS_FILE
from .source import AppSource

# Google's Maven repository, and CocoaPods: https://ai.google.dev/edge/litert/android, .../ios/quickstart
LITERT_ANDROID = "1.4.2"
LITERT_IOS = "2.17.0"

_LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "float32": (0, 0)}
_BYTES = {"int8": 1, "uint8": 1, "float32": 4}
_TEMPLATES = {
    "android": ("Classifier.kt", "Preprocessing.kt", "README.md"),
    "ios": ("Classifier.swift", "Preprocessing.swift", "README.md"),
}


def app_files(source: AppSource, platform: str) -> dict[str, bytes]:
    """The files of an export.

    Args:
        source: the photo classifier.
        platform: "android" or "ios".

    Returns:
        contents by name.
    """
    values = _values(source)
    texts = {name: fill(f"{platform}/{name}", values).encode() for name in _TEMPLATES[platform]}
    labels = "".join(f"{label}\n" for label in source.labels).encode()
    return {values["model_file"]: with_metadata(source), LABELS_FILE: labels, **texts}


def fill(name: str, values: dict[str, Any]) -> str:
    """A template's text with its values."""
    from jinja2 import Environment, StrictUndefined

    # Nothing is escaped here: names are made safe where they come in.
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = resources.files(__package__) / "templates" / f"{name}.j2"
    return environment.from_string(template.read_text(encoding="utf-8")).render(version=__version__, **values)


def plain_name(name: str) -> str:
    """A model's name as a part of file and package names, in every language: a letter, then letters and digits."""
    found = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return found if found[:1].isalpha() else f"model_{found}".rstrip("_")


def _values(source: AppSource) -> dict[str, Any]:
    image, fed, given = source.image, source.input_tensor, source.output_tensor
    stem = plain_name(source.name)
    means, stds = _per_channel(source.input.mean, source.input.std)
    return {
        "name": stem,
        "package": f"edgecomp.{stem}",
        "model_stem": stem,
        "model_file": f"{stem}.tflite",
        "labels_file": LABELS_FILE,
        "width": image.width,
        "height": image.height,
        "color": image.color,
        "fit": image.fit,
        "resample": image.resample,
        "mean": ", ".join(f"{_float(one)}f" for one in means),
        "std": ", ".join(f"{_float(one)}f" for one in stds),
        "mean_swift": ", ".join(map(_float, means)),
        "std_swift": ", ".join(map(_float, stds)),
        "preprocess_line": f"{image.color}, fit {image.fit}, filter {image.resample}, then (raw - mean) / std",
        "columns": given.shape[-1],
        "output_place": source.output_place,
        "activation": source.output.activation,
        "input_low": _LIMITS[fed.stored_dtype][0],
        "input_high": _LIMITS[fed.stored_dtype][1],
        **_stored("input", fed),
        **_stored("output", given),
        "litert_android": LITERT_ANDROID,
        "litert_ios": LITERT_IOS,
    }


def _stored(side: str, tensor: Any) -> dict[str, Any]:
    return {
        f"{side}_dtype": tensor.stored_dtype,
        f"{side}_bytes": _BYTES[tensor.stored_dtype],
        f"{side}_scale": _float(tensor.scale),
        f"{side}_zero_point": tensor.zero_point,
    }


def _per_channel(mean: Sequence[float], std: Sequence[float]) -> tuple[list[float], list[float]]:
    channels = max(len(mean), len(std))
    return [mean[i % len(mean)] for i in range(channels)], [std[i % len(std)] for i in range(channels)]


def _float(value: float) -> str:
    """The shortest text that both languages read as the same float32."""
    text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    return text.replace("e+", "e")
