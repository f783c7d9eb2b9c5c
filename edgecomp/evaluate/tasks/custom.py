"""A figure of the user's own: `package.module:callable`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from ...errors import InputError
from ..metrics import Outputs
from .figures import Figures

Function = Callable[[list[np.ndarray], np.ndarray], Any]
"""Takes the outputs, each [n, *shape without batch], the one that answers first, and the labels [n, …]; gives a number,
or numbers by name of which the first counts most. More is better."""


@dataclass
class CustomTally:
    """Keeps all outputs and labels.

    Args:
        name: `package.module:callable`.
        function: what was found there.
    """

    name: str
    function: Function
    _outputs: list[Outputs] = field(default_factory=list)
    _labels: list[np.ndarray] = field(default_factory=list)

    def add(self, outputs: Outputs, label: Any) -> None:
        """Takes one labelled sample."""
        self._outputs.append(outputs)
        self._labels.append(np.asarray(label))

    def headline(self, places: np.ndarray) -> float | None:
        """What the function says of these samples."""
        return next(iter(self._called(places).values()))

    def figures(self, names: Sequence[str] = ()) -> Figures:
        """What the function says."""
        found = self._called(np.arange(len(self._labels)))
        (headline, value), *others = found.items()
        return Figures(headline, value, len(self._labels), more_is_better=True, others=dict(others))

    def _called(self, places: np.ndarray) -> dict[str, float]:
        outputs = [
            np.concatenate([self._outputs[one][place] for one in places]) for place in range(len(self._outputs[0]))
        ]
        try:
            made = self.function(outputs, np.stack([self._labels[one] for one in places]))
        except Exception as error:  # somebody else's code
            raise InputError(f"--metric {self.name} failed: {type(error).__name__}: {error}") from error
        named = dict(made) if isinstance(made, Mapping) else {self.name.rpartition(":")[2]: made}
        if not named or not all(
            isinstance(one, (Real, np.number)) and np.isfinite(float(one)) for one in named.values()
        ):
            raise InputError(f"--metric {self.name} gave {made!r}; it should give a finite number, or numbers by name")
        return {str(name): float(value) for name, value in named.items()}


def load_metric(name: str) -> Function:
    """Imports a function; modules in the working folder are found, too.

    Args:
        name: `package.module:callable`.

    Raises:
        InputError: there is no such thing, or it cannot be called.
    """
    module, _, attribute = name.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever the module does on import
        raise InputError(f"--metric {name} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise InputError(f"--metric {name} is a {type(found).__name__}, not something to call")
    return found  # type: ignore[no-any-return]
