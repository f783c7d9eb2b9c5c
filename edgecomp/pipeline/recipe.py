"""A run as data: what was done to the model, in which order, with which options and seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError
from ..quantize.schemes import IOS, SCHEMES

VERSION = 1


@dataclass(frozen=True)
class QuantizePass:
    """Post-training quantization of the exported file.

    Args:
        scheme: one of `SCHEMES`.
        io: one of `IOS`.
        ranges: how ranges of activations are chosen: "minmax", the absolute minimum and maximum.
        samples: calibration samples used at most.
    """

    scheme: str = "int8"
    io: str = "int8"
    ranges: str = "minmax"
    samples: int = 200


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the bytes of the result, besides the model and the data.

    Args:
        target: the device profile's name, or the path of the user's own.
        preprocess: as `str(Preprocess)` gives it; "auto" until it is resolved.
        seed: of everything random.
        quantize: the quantization pass.
    """

    target: str
    preprocess: str = "auto"
    seed: int = 0
    quantize: QuantizePass = field(default_factory=QuantizePass)

    def to_dict(self) -> dict[str, Any]:
        """As recipe.yaml and report.json have it."""
        return {
            "recipe": VERSION,
            "target": self.target,
            "preprocess": self.preprocess,
            "seed": self.seed,
            "passes": [
                {
                    "quantize": {
                        "scheme": self.quantize.scheme,
                        "io": self.quantize.io,
                        "ranges": self.quantize.ranges,
                        "samples": self.quantize.samples,
                    }
                }
            ],
        }


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Writes recipe.yaml."""
    path.write_text(yaml.safe_dump(recipe.to_dict(), sort_keys=False, allow_unicode=True), encoding="utf-8")


def load_recipe(path: Path) -> Recipe:
    """Reads recipe.yaml.

    Raises:
        InputError: not readable, not YAML, or with a field that is missing, unknown or of the wrong kind.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the recipe {path} cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise InputError(f"the recipe {path} is not YAML: {error.problem}{line}") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # bytes that are no text, impossible dates
        raise InputError(f"the recipe {path} is not YAML text that can be read") from error
    try:
        return _recipe(data)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"the recipe {path} cannot be used: {_words(error)}") from error


def _recipe(data: Any) -> Recipe:
    if not isinstance(data, dict):
        raise TypeError("it is not a mapping")
    if data.get("recipe") != VERSION:
        raise ValueError(f"its version is {data.get('recipe')!r}; this edgecomp reads version {VERSION}")
    unknown = set(data) - {"recipe", "target", "preprocess", "seed", "passes"}
    if unknown:
        raise ValueError(f"unknown field {sorted(map(str, unknown))[0]!r}")
    passes = data["passes"]
    if not isinstance(passes, list) or [list(one) if isinstance(one, dict) else one for one in passes] != [
        ["quantize"]
    ]:
        raise ValueError("'passes' must be a list with one 'quantize' pass")
    return Recipe(
        target=_typed(data["target"], str, "target"),
        preprocess=_typed(data["preprocess"], str, "preprocess"),
        seed=_typed(data["seed"], int, "seed"),
        quantize=_quantize_pass(passes[0]["quantize"]),
    )


def _quantize_pass(data: Any) -> QuantizePass:
    if not isinstance(data, dict) or set(data) != {"scheme", "io", "ranges", "samples"}:
        raise TypeError("the quantize pass needs exactly scheme, io, ranges and samples")
    for name, allowed in (("scheme", SCHEMES), ("io", IOS), ("ranges", ("minmax",))):
        if data[name] not in allowed:
            raise ValueError(f"{name} is {data[name]!r}, not one of {', '.join(allowed)}")
    samples = _typed(data["samples"], int, "samples")
    if samples < 1:
        raise ValueError(f"samples is {samples}, not a positive number")
    return QuantizePass(data["scheme"], data["io"], data["ranges"], samples)


def _typed(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, not a {kind.__name__}")
    return value


def _words(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)
