"""Classes and functions that the user supplies for a model's custom layers."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

from ..errors import InputError


def load_custom_objects(source: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Gathers custom classes and functions by name.

    Args:
        source: None, a mapping of names to objects, or the name of a module to import (found on `sys.path` or in
            the working folder). A module gives its `custom_objects` dict where it has one, else every class and
            function in it.

    Raises:
        InputError: the module is not there or fails on import.
    """
    if source is None:
        return {}
    if not isinstance(source, str):
        return dict(source)
    module = _import(source)
    named = getattr(module, "custom_objects", None)
    if isinstance(named, Mapping):
        return dict(named)
    return {name: value for name, value in vars(module).items() if callable(value) and _is_own(name, value)}


def _is_own(name: str, value: Any) -> bool:
    """Whether a module's name is meant as a custom object: what it imports from Keras is not."""
    origin = str(getattr(value, "__module__", "")).split(".", 1)[0]
    return not name.startswith("__") and origin not in ("keras", "tf_keras", "typing", "builtins")


def _import(name: str) -> Any:
    here = os.getcwd()
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if name == missing or name.startswith(missing + "."):
            raise InputError(
                f"--custom-objects {name}: there is no such module in {here} or on the Python path; "
                "give it as package.module, without .py"
            ) from error
        raise InputError(
            f"--custom-objects {name}: it imports {missing}, which is not installed: install it"
        ) from error
    except Exception as error:
        raise InputError(f"--custom-objects {name}: importing it fails with {type(error).__name__}: {error}") from error
    finally:
        if added:
            sys.path.remove(here)


def find_custom(custom_objects: Mapping[str, Any], *names: str | None) -> Any | None:
    """The supplied object with one of these names; a registered name `package>Name` also matches by its last part."""
    for name in names:
        if not name:
            continue
        for key in (name, name.rsplit(">", 1)[-1]):
            if key in custom_objects:
                return custom_objects[key]
    return None
