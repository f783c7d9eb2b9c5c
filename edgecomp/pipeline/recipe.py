"""A run as data: what was done to the model, in which order, with which options and seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from ..errors import InputError
from ..quantize.schemes import IOS, SCHEMES, Io, Scheme
from ..quantize.settings import EFFORTS, RANGE_METHODS, ROUNDINGS, Effort, Settings

VERSION = 1


@dataclass(frozen=True)
class QuantizePass:
    """Post-training quantization of the exported file.

    Args:
        scheme: one of `SCHEMES`.
        io: one of `IOS`.
        samples: calibration samples used at most.
        effort: one of `EFFORTS`, how much is tried to find `settings`.
        float_budget: percent of latency and of size that operators kept at float may cost.
        settings: what was found; None until then, and for schemes that need no calibration.
    """

    scheme: Scheme = "int8"
    io: Io = "int8"
    samples: int = 200
    effort: Effort = "normal"
    float_budget: float = 10.0
    settings: Settings | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        settings = None
        if self.settings is not None:
            settings = {**asdict(self.settings), "float_operators": list(self.settings.float_operators)}
        return {
            "scheme": self.scheme,
            "io": self.io,
            "samples": self.samples,
            "effort": self.effort,
            "float_budget": self.float_budget,
            "settings": settings,
        }


BUDGETS = ("macs", "params", "bytes", "latency")
IMPORTANCES = ("l1", "l2", "bn_gamma", "taylor", "variance", "hessian", "random")
MEASURED_IMPORTANCES = ("taylor", "variance", "hessian")
"""Those that need samples."""

RANKINGS = ("global", "local")


@dataclass(frozen=True)
class PrunePass:
    """Channel pruning of the Keras model.

    Args:
        share: what to remove of `budget`, above 0 and below 1.
        budget: one of `BUDGETS`.
        importance: one of `IMPORTANCES`, how channels are ranked.
        ranking: one of `RANKINGS`, over all layers or in each.
        ignore: name patterns of layers that keep all their channels.
    """

    share: float
    budget: str = "macs"
    importance: str = "taylor"
    ranking: Literal["global", "local"] = "global"
    ignore: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the recipe has it."""
        return {**asdict(self), "ignore": list(self.ignore)}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the bytes of the result, besides the model and the data.

    Args:
        target: the device profile's name, or the path of the user's own.
        preprocess: as `str(Preprocess)` gives it; "auto" until it is resolved.
        seed: of everything random.
        remove_dead: whether channels that are constant for every input are removed.
        prune: the pruning pass, or None.
        quantize: the quantization pass.
    """

    target: str
    preprocess: str = "auto"
    seed: int = 0
    remove_dead: bool = True
    prune: PrunePass | None = None
    quantize: QuantizePass = field(default_factory=QuantizePass)

    def to_dict(self) -> dict[str, Any]:
        """As recipe.yaml and report.json have it."""
        return {
            "recipe": VERSION,
            "target": self.target,
            "preprocess": self.preprocess,
            "seed": self.seed,
            "passes": [
                *([{"remove_dead": {}}] if self.remove_dead else []),
                *([{"prune": self.prune.to_dict()}] if self.prune else []),
                {"quantize": self.quantize.to_dict()},
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
    passes = _passes(data["passes"])
    return Recipe(
        target=_typed(data["target"], str, "target"),
        preprocess=_typed(data["preprocess"], str, "preprocess"),
        seed=_typed(data["seed"], int, "seed"),
        remove_dead="remove_dead" in passes,
        prune=_prune_pass(passes["prune"]) if "prune" in passes else None,
        quantize=_quantize_pass(passes["quantize"]),
    )


_PASSES = ("remove_dead", "prune", "quantize")


def _passes(data: Any) -> dict[str, Any]:
    """The passes' options by name; they come in one order only."""
    if not isinstance(data, list) or not all(isinstance(one, dict) and len(one) == 1 for one in data):
        raise ValueError("'passes' must list remove_dead, prune and quantize, one name and its options in each item")
    names = [next(iter(one)) for one in data]
    known = [name for name in _PASSES if name in names]
    if names != known or "quantize" not in names:
        raise ValueError(f"'passes' must be, in this order, {', '.join(_PASSES)}, of which only the last is a must")
    passes = {name: one[name] for name, one in zip(names, data, strict=True)}
    if passes.get("remove_dead") not in (None, {}):
        raise ValueError("the remove_dead pass has no options")
    return passes


def _prune_pass(data: Any) -> PrunePass:
    _check_fields(data, "the prune pass", PrunePass(0.5).to_dict())
    for name, allowed in (("budget", BUDGETS), ("importance", IMPORTANCES), ("ranking", RANKINGS)):
        _check_one_of(data, name, allowed)
    share = data["share"]
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ValueError(f"share is {share!r}, not a number between 0 and 1")
    patterns = tuple(_typed(one, str, "a pattern in ignore") for one in _typed(data["ignore"], list, "ignore"))
    return PrunePass(float(share), data["budget"], data["importance"], data["ranking"], patterns)


def _quantize_pass(data: Any) -> QuantizePass:
    _check_fields(data, "the quantize pass", QuantizePass().to_dict())
    for name, allowed in (("scheme", SCHEMES), ("io", IOS), ("effort", EFFORTS)):
        _check_one_of(data, name, allowed)
    samples = _typed(data["samples"], int, "samples")
    if samples < 1:
        raise ValueError(f"samples is {samples}, not a positive number")
    budget = data["float_budget"]
    if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not 0 <= budget <= 1000:
        raise ValueError(f"float_budget is {budget!r}, not percent from 0 to 1000")
    settings = None if data["settings"] is None else _settings(data["settings"])
    return QuantizePass(data["scheme"], data["io"], samples, data["effort"], float(budget), settings)


def _settings(data: Any) -> Settings:
    _check_fields(data, "settings", asdict(Settings()))
    for name, allowed in (("ranges", RANGE_METHODS), ("rounding", ROUNDINGS)):
        _check_one_of(data, name, allowed)
    for name in ("equalize", "bias_correction", "float_outputs"):
        if not isinstance(data[name], bool):
            raise TypeError(f"{name} is {data[name]!r}, not true or false")
    kept = _typed(data["float_operators"], list, "float_operators")
    names = tuple(_typed(name, str, "a name in float_operators") for name in kept)
    return Settings(**{**data, "float_operators": names})


def _check_fields(data: Any, what: str, wanted: dict[str, Any]) -> None:
    if not isinstance(data, dict) or set(data) != set(wanted):
        raise TypeError(f"{what} needs exactly {', '.join(wanted)}")


def _check_one_of(data: dict[str, Any], name: str, allowed: tuple[str, ...]) -> None:
    if data[name] not in allowed:
        raise ValueError(f"{name} is {data[name]!r}, not one of {', '.join(allowed)}")


def _typed(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}, not a {kind.__name__}")
    return value


def _words(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)
