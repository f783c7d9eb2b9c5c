"""Writes profiles that the user can read, change and give to `--target`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import yaml

from ..errors import InputError
from .loading import BUILTIN_FOLDER, load_target
from .prediction import QUANTITIES, OperatorCosts, Prediction
from .profile import Target

_DIGITS = 4
"""Of each coefficient; measurements are less exact."""


def check_writable(path: Path, *, force: bool) -> None:
    """Refuses a file that could not be written in the end, before anything is measured.

    Raises:
        InputError: it exists (without `force`), is no .yaml, is a profile that comes with edgecomp, or its folder
            cannot be written.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise InputError(f"{path}: profiles end in .yaml; name such a file")
    if path.resolve().parent == BUILTIN_FOLDER.resolve():
        raise InputError(f"{path} is where edgecomp keeps its own profiles; name a file elsewhere")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file")
    if path.exists() and not force:
        raise InputError(f"{path} exists; name another file with --out, or pass --force to replace it")
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise InputError(f"nothing can be written to {path.resolve().parent}; name another file with --out")


def write_fitted(path: Path, base: Target, prediction: Prediction, *, force: bool = False) -> Target:
    """Writes a profile that is another one with these coefficients, in one step.

    Args:
        path: where to.
        base: the profile it extends.
        prediction: the coefficients.
        force: replace a file that is there.

    Returns:
        the profile as it is read back.

    Raises:
        InputError: it cannot be written, or there is a file; that is then as it was.
    """
    check_writable(path, force=force)
    text = "\n".join(_lines(path, base, prediction)) + "\n"
    stage = ""
    try:
        # Profiles are told by their ending, so that the unfinished one is checked as what it will be.
        descriptor, stage = tempfile.mkstemp(prefix=f".{path.stem[:100]}.", suffix=".yaml", dir=path.resolve().parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        load_target(stage)
        os.chmod(stage, 0o644)
        if force:
            os.replace(stage, path)
        else:
            os.link(stage, path)  # fails where somebody came first
    except FileExistsError as error:
        raise InputError(f"{path} exists; name another file with --out, or pass --force to replace it") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}; name another file with --out"
        ) from error
    finally:
        with suppress(OSError):
            os.unlink(stage)
    return load_target(path.resolve())


def _lines(path: Path, base: Target, prediction: Prediction) -> Iterator[str]:
    yield "# Written by `edgecomp targets fit`. The fields are explained in docs/targets.md and docs/latency.md."
    yield f"name: {base.name.removesuffix('-fitted')}-fitted"
    yield f"title: {_quoted(base.title)}"
    yield f"extends: {_quoted(_extends(path, base))}"
    yield ""
    yield "prediction:"
    yield from (f"  {line}" for line in prediction_lines(prediction))


def prediction_lines(prediction: Prediction) -> Iterator[str]:
    """The section `prediction` of a profile, not indented."""
    yield f"source: {_quoted(prediction.source)}"
    yield f"unit: {prediction.unit}"
    yield f"band: {_number(prediction.band)}"
    yield f"threads: {prediction.threads}"
    yield f"call: {_number(prediction.call)}"
    if prediction.memory:
        yield "memory:"
        yield from (
            f"  - {{kib: {one.kib}, weight: {_number(one.weight)}, activation: {_number(one.activation)}}}"
            for one in prediction.memory
        )
    if prediction.instruction is not None:
        each = prediction.instruction
        yield f"instruction: {{float32: {_number(each.float32)}, int8: {_number(each.int8)}}}"
    yield "operators:"
    yield from (f"  - {{{', '.join(_fields(one))}}}" for one in prediction.operators)


def _fields(costs: OperatorCosts) -> Iterator[str]:
    yield f"kind: {_quoted(costs.kind)}"
    yield f"precision: {costs.precision}"
    if costs.tile != (1, 1, 1):
        yield f"tile: {'x'.join(map(str, costs.tile))}"
    for quantity in QUANTITIES:
        value = getattr(costs, quantity)
        if value:
            yield f"{quantity}: {_number(value)}"


def _number(value: float) -> str:
    """In decimal digits, as profiles are written."""
    return str(np.format_float_positional(value, _DIGITS, fractional=False, trim="-"))


def _quoted(text: str) -> str:
    quoted: str = yaml.safe_dump(text, width=10_000, default_style='"', allow_unicode=True)
    return quoted.strip()


def _extends(path: Path, base: Target) -> str:
    """The base by its name where it comes with edgecomp, else by its path from the new file."""
    if base.path is None or base.path.resolve().parent == BUILTIN_FOLDER.resolve():
        return base.name
    if base.path.resolve() == path.resolve():
        raise InputError(f"{path} is the profile that is fitted; name another file with --out")
    return os.path.relpath(base.path.resolve(), path.resolve().parent)
