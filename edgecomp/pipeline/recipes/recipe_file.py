"""recipe.yaml: written as it is, read with every field checked."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from ...errors import InputError
from ...quantize.schemes import IOS, SCHEMES
from ...quantize.settings import EFFORTS, RANGE_METHODS, ROUNDINGS, Settings
from .passes import (
    BUDGETS,
    IMPORTANCES,
    LOW_RANKS,
    RANKINGS,
    RECOVERS,
    LowRankPass,
    PrunePass,
    QuantizePass,
    TrainPass,
)
from .recipe import VERSION, Recipe
from .weight_passes import ClusterPass, CodebookPass, SparsifyPass, parse_cluster, parse_codebook, parse_sparsity


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
    return recipe_from(data, str(path))


def recipe_from(data: Any, source: str = "of the search") -> Recipe:
    """A recipe of what `Recipe.to_dict` gave, with every field checked.

    Args:
        data: as YAML or JSON has it.
        source: where it is from, for the message.

    Raises:
        InputError: a field is missing, unknown or of the wrong kind.
    """
    try:
        return _recipe(data)
    except (InputError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the recipe {source} cannot be used: {_words(error)}") from error


def _recipe(data: Any) -> Recipe:
    if not isinstance(data, dict):
        raise TypeError("it is not a mapping")
    if data.get("recipe") != VERSION:
        raise ValueError(f"its version is {data.get('recipe')!r}; this edgecomp reads version {VERSION}")
    unknown = set(data) - {"recipe", "target", "preprocess", "seed", "passes"}
    if unknown:
        raise ValueError(f"unknown field {sorted(map(str, unknown))[0]!r}")
    passes = _passes(data["passes"])
    recipe = Recipe(
        target=_typed(data["target"], str, "target"),
        preprocess=_typed(data["preprocess"], str, "preprocess"),
        seed=_typed(data["seed"], int, "seed"),
        remove_dead="remove_dead" in passes,
        remove_silent="remove_silent" in passes,
        prune=_prune_pass(passes["prune"]) if "prune" in passes else None,
        low_rank=_low_rank_pass(passes["low_rank"]) if "low_rank" in passes else None,
        sparsify=_sparsify_pass(passes["sparsify"]) if "sparsify" in passes else None,
        cluster=_cluster_pass(passes["cluster"]) if "cluster" in passes else None,
        codebook=_codebook_pass(passes["codebook"]) if "codebook" in passes else None,
        train=_train_pass(passes["train"]) if "train" in passes else None,
        quantize=_quantize_pass(passes["quantize"]),
    )
    stages = recipe.prune.stages if recipe.prune else None
    if stages is not None and len(stages) != (recipe.train.rounds if recipe.train else 1):
        raise ValueError(f"there are {len(stages)} stages, which is not how many rounds the train pass has")
    return recipe


_PASSES = ("remove_dead", "remove_silent", "prune", "low_rank", "sparsify", "cluster", "codebook", "train", "quantize")
_WITHOUT_OPTIONS = ("remove_dead", "remove_silent")


def _passes(data: Any) -> dict[str, Any]:
    """The passes' options by name; they come in one order only."""
    if not isinstance(data, list) or not all(isinstance(one, dict) and len(one) == 1 for one in data):
        raise ValueError(f"'passes' must list {', '.join(_PASSES)}, one name and its options in each item")
    names = [next(iter(one)) for one in data]
    known = [name for name in _PASSES if name in names]
    if names != known or "quantize" not in names:
        raise ValueError(f"'passes' must be, in this order, {', '.join(_PASSES)}, of which only the last is a must")
    passes = {name: one[name] for name, one in zip(names, data, strict=True)}
    for name in _WITHOUT_OPTIONS:
        if passes.get(name) not in (None, {}):
            raise ValueError(f"the {name} pass has no options")
    return passes


def _prune_pass(data: Any) -> PrunePass:
    _check_fields(data, "the prune pass", PrunePass(0.5).to_dict())
    for name, allowed in (("budget", BUDGETS), ("importance", IMPORTANCES), ("ranking", RANKINGS)):
        _check_one_of(data, name, allowed)
    share = _number(data["share"])
    if share is None or not 0 < share < 1:
        raise ValueError(f"share is {data['share']!r}, not a number between 0 and 1")
    patterns = tuple(_typed(one, str, "a pattern in ignore") for one in _typed(data["ignore"], list, "ignore"))
    stages = None if data["stages"] is None else _stages(data["stages"], share)
    return PrunePass(share, data["budget"], data["importance"], data["ranking"], patterns, stages)


def _stages(data: Any, share: float) -> tuple[float, ...]:
    """What is gone after each round."""
    found = [_number(one) for one in _typed(data, list, "stages")]
    numbers = [one for one in found if one is not None and one > 0]
    if len(numbers) != len(found) or not numbers or sorted(numbers) != numbers or numbers[-1] != share:
        raise ValueError(f"stages is {data!r}, not numbers that rise to the share, {share:g}")
    return tuple(numbers)


def _low_rank_pass(data: Any) -> LowRankPass:
    _check_fields(data, "the low_rank pass", LowRankPass("macs").to_dict())
    _check_one_of(data, "by", LOW_RANKS)
    amount = _number(data["amount"])
    fits = data["amount"] is None if data["by"] == "bayes" else amount is not None and 0 < amount < 1
    if not fits:
        raise ValueError(f"amount is {data['amount']!r}, which does not go with {data['by']!r}")
    patterns = tuple(_typed(one, str, "a pattern in ignore") for one in _typed(data["ignore"], list, "ignore"))
    return LowRankPass(data["by"], amount, patterns)


def _sparsify_pass(data: Any) -> SparsifyPass:
    _check_fields(data, "the sparsify pass", parse_sparsity(0.5).to_dict())
    amount = None if data["amount"] is None else _typed(data["amount"], str, "amount")
    return parse_sparsity(amount, _typed(data["by"], str, "by"), _typed(data["pattern"], str, "pattern"))


def _cluster_pass(data: Any) -> ClusterPass:
    _check_fields(data, "the cluster pass", ClusterPass("auto").to_dict())
    found = parse_cluster(_typed(data["values"], str, "values"))
    price = None if data["price"] is None else _number(data["price"])
    if data["price"] is not None and (price is None or not 0 <= price < float("inf") or found.by == "values"):
        raise ValueError(f"price is {data['price']!r}, which does not go with {data['values']!r}")
    return replace(found, price=price)


def _codebook_pass(data: Any) -> CodebookPass:
    _check_fields(data, "the codebook pass", CodebookPass(4, 256).to_dict())
    return parse_codebook(_typed(data["size"], str, "size"))


def _train_pass(data: Any) -> TrainPass:
    _check_fields(data, "the train pass", TrainPass().to_dict())
    _check_one_of(data, "recover", RECOVERS)
    for name in ("epochs", "rounds"):
        if data[name] is not None and _typed(data[name], int, name) < 1:
            raise ValueError(f"{name} is {data[name]!r}, not a positive number")
    rounds = _typed(data["rounds"], int, "rounds")
    budget = None if data["time_budget"] is None else _number(data["time_budget"])
    if data["time_budget"] is not None and (budget is None or not 0 < budget < float("inf")):
        raise ValueError(f"time_budget is {data['time_budget']!r}, not a number of seconds")
    if not isinstance(data["qat"], bool):
        raise TypeError(f"qat is {data['qat']!r}, not true or false")
    steps = None
    if data["steps"] is not None:
        steps = tuple(_steps(one) for one in _typed(data["steps"], list, "steps"))
    return TrainPass(data["recover"], data["epochs"], budget, rounds, data["qat"], steps)


def _steps(data: Any) -> tuple[int, ...]:
    """How many steps were planned, how many were done, and how the plan changed."""
    numbers = [_typed(one, int, "a number in steps") for one in _typed(data, list, "an item of steps")]
    if len(numbers) < 2 or len(numbers) % 2 or min(numbers) < 1:
        raise ValueError(f"{data!r} in steps is not two positive numbers, planned and done, and two for each change")
    planned, done, *changes = numbers
    places, totals = changes[::2], changes[1::2]
    if not done <= (totals or [planned])[-1] or places != sorted(set(places)):
        raise ValueError(f"{data!r} in steps has more done than planned, or changes that are not in order")
    if any(at >= total or at >= before for at, total, before in zip(places, totals, [planned, *totals], strict=False)):
        raise ValueError(f"{data!r} in steps has a change behind the last step")
    return tuple(numbers)


def _quantize_pass(data: Any) -> QuantizePass:
    _check_fields(data, "the quantize pass", QuantizePass().to_dict())
    for name, allowed in (("scheme", SCHEMES), ("io", IOS), ("effort", EFFORTS)):
        _check_one_of(data, name, allowed)
    samples = _typed(data["samples"], int, "samples")
    if samples < 1:
        raise ValueError(f"samples is {samples}, not a positive number")
    budget = _number(data["float_budget"])
    if budget is None or not 0 <= budget <= 1000:
        raise ValueError(f"float_budget is {data['float_budget']!r}, not percent from 0 to 1000")
    settings = None if data["settings"] is None else _settings(data["settings"])
    return QuantizePass(data["scheme"], data["io"], samples, data["effort"], budget, settings)


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


def _number(value: Any) -> float | None:
    """A number as such; None for anything else."""
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)


def _words(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)
