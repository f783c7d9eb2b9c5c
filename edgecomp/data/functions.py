"""Sets that a function yields: `package.module:function`."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..errors import InputError
from ..models.opened import TensorSpec
from .arrays import from_memory
from .dataset import Dataset, Sample, Skipped, WithLabels
from .given import as_array, by_input, x_and_y
from .labels import Labels, from_array
from .shapes import array_kind, check_dtype, check_shape, fits
from .spec import FunctionSpec
from .subset import choose

MOST_SAMPLES = 100_000
"""What yields more than this many samples is taken to have no end."""

_READ_AHEAD = 10
"""With a limit, a function is read no further than this many times the limit (at least 1000): it may have no end."""


@dataclass(frozen=True)
class FunctionDataset(WithLabels):
    """Samples of a function that is called again for every pass; see `dataset.Dataset`."""

    source: str
    make: Callable[[], Any]
    inputs: tuple[TensorSpec, ...]
    kind: str
    labels: Labels | None
    positions: np.ndarray
    warnings: tuple[str, ...] = ()

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Nothing: what a function yields is taken whole."""
        return ()

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Sample]:
        wanted = iter(self.positions)
        following = next(wanted, None)
        for position, (inputs, _) in enumerate(_samples(self.source, self.make, self.inputs)):
            if position == following:
                yield Sample(f"sample {position}", inputs, self.labels.at(position) if self.labels else None)
                following = next(wanted, None)
            if following is None:
                return
        if following is not None:
            raise InputError(
                f"{self.source}: gave fewer samples than on its first pass; "
                "it must give the same ones each time it is called"
            )


def load_function(spec: FunctionSpec) -> Callable[[], Any]:
    """Imports a function; modules in the working folder are found, too.

    Raises:
        InputError: there is no such module or function, or importing it fails.
    """
    name = f"{spec.module}:{spec.name}"
    here = os.getcwd()
    try:
        sys.path.insert(0, here)
        value: Any = importlib.import_module(spec.module)
        for part in spec.name.split("."):
            value = getattr(value, part)
    except ModuleNotFoundError as error:
        raise InputError(f"{name}: {error}; is it a module on the Python path or in the working folder?") from error
    except AttributeError as error:
        raise InputError(f"{name}: {error}") from error
    except Exception as error:
        raise InputError(f"{name}: importing it failed with {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(here)
    if not callable(value):
        raise InputError(f"{name}: is not a function but a {type(value).__name__}; name a function that yields batches")
    return value  # type: ignore[no-any-return]


def open_function(
    make: Callable[[], Any], source: str, inputs: Sequence[TensorSpec], limit: int | None, names: Sequence[str] | None
) -> Dataset:
    """Opens what a function gives: arrays, or batches or samples one after the other, labelled or not.

    It is read once here, to count the samples and gather their labels, and again for every pass.

    Args:
        make: called without arguments; gives arrays (x, (x, y) or a mapping), or an iterable of batches or samples: an
            array, (inputs, label), or a mapping of arrays by the inputs' names with `y` perhaps.
        source: what messages call it.
        inputs: the model's inputs.
        limit: the most samples wanted.
        names: the classes in the order of the model's outputs, or None.

    Raises:
        InputError: it fails, gives nothing, gives its samples once only, has no end, or they do not fit the inputs.
    """
    first = _called(source, make)
    if isinstance(first, (np.ndarray, Mapping, tuple)):
        return from_memory(first, inputs, limit, names, source)
    enough = MOST_SAMPLES if limit is None else max(_READ_AHEAD * limit, 1000)
    seen: list[Any] = []
    kind, digest = "arrays", b""
    for sample in islice(_walk(source, first, inputs), enough + 1):
        if not seen:
            kind, digest = _kind(sample[0], inputs), _digest(sample[0])
        seen.append(sample[1])
    if not seen:
        raise InputError(f"{source}: gave no samples; return batches, or make it a generator function that yields them")
    if len(seen) > enough and limit is None:
        raise InputError(f"{source}: gave more than {enough} samples and may have no end; limit the number of samples")
    warnings = _second_look(source, make, inputs, digest)
    labels = _labels(source, seen[:enough], names)
    kept = choose(min(len(seen), enough), labels.classes if labels else None, limit)
    return FunctionDataset(source, make, tuple(inputs), kind, labels, kept, warnings)


def _second_look(source: str, make: Callable[[], Any], inputs: Sequence[TensorSpec], digest: bytes) -> tuple[str, ...]:
    again = next(_samples(source, make, inputs), None)
    if again is None:
        raise InputError(
            f"{source}: gave its samples once and then none; it must return a new iterator each time it is called, "
            "as a generator function does"
        )
    if _digest(again[0]) != digest:
        return (f"{source}: gives other samples each time it is called, so results cannot be repeated; fix its seed",)
    return ()


def _called(source: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:
        raise InputError(f"{source}: failed with {type(error).__name__}: {error}") from error


def _samples(
    source: str, make: Callable[[], Any], inputs: Sequence[TensorSpec]
) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    return _walk(source, _called(source, make), inputs)


def _walk(source: str, given: Any, inputs: Sequence[TensorSpec]) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    for position, item in enumerate(_items(source, given)):
        x, y = x_and_y(item)
        yield from _unbatched(f"{source}: item {position}", x, y, inputs)


def _items(source: str, given: Any) -> Iterator[Any]:
    """Items of an iterable, or of a sequence such as `keras.utils.PyDataset`, which iterates without an end."""
    try:
        if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
            yield from (given[index] for index in range(len(given)))
        else:
            yield from iter(given)
    except InputError:
        raise
    except TypeError as error:
        if given is None or not hasattr(given, "__iter__"):
            raise InputError(
                f"{source}: gave {type(given).__name__}; return or yield arrays, batches or samples"
            ) from None
        raise InputError(f"{source}: failed with TypeError: {error}") from error
    except Exception as error:
        raise InputError(f"{source}: failed with {type(error).__name__}: {error}") from error


def _unbatched(where: str, x: Any, y: Any, inputs: Sequence[TensorSpec]) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
    arrays = by_input(where, x, inputs)
    for one in inputs:
        check_dtype(f"{where}: {one.name}", arrays[one.name].dtype, one)
    if all(fits(arrays[one.name].shape, one) for one in inputs):
        yield {name: np.array(value) for name, value in arrays.items()}, None if y is None else as_array(where, y)
        return
    for one in inputs:
        check_shape(f"{where}: {one.name}", arrays[one.name].shape[1:], one)
    sizes = {len(value) for value in arrays.values()}
    targets = None if y is None else as_array(where, y)
    if targets is not None:
        sizes.add(len(targets) if targets.ndim else 1)
    if len(sizes) > 1:
        raise InputError(
            f"{where}: inputs and labels differ in their number of samples: {sorted(sizes)}; give as many of each"
        )
    for row in range(sizes.pop()):
        label = None if targets is None else targets.reshape(-1)[0] if targets.ndim == 0 else targets[row]
        yield {name: np.array(value[row]) for name, value in arrays.items()}, label


def _labels(source: str, seen: Sequence[Any], names: Sequence[str] | None) -> Labels | None:
    labelled = sum(label is not None for label in seen)
    if not labelled:
        return None
    if labelled < len(seen):
        raise InputError(f"{source}: {len(seen) - labelled} of {len(seen)} samples have no label; label all or none")
    try:
        values = np.stack([np.asarray(label) for label in seen])
    except ValueError:
        raise InputError(f"{source}: its labels differ in shape; give all the same") from None
    return from_array(values, names, f"{source}: labels")


def _kind(inputs: Mapping[str, np.ndarray], specs: Sequence[TensorSpec]) -> str:
    kinds = {array_kind(inputs[one.name].dtype, inputs[one.name].shape, one) for one in specs}
    return "images" if "images" in kinds else "arrays"


def _digest(inputs: Mapping[str, np.ndarray]) -> bytes:
    made = hashlib.blake2b(digest_size=16)
    for name in sorted(inputs):
        made.update(np.ascontiguousarray(inputs[name]).tobytes())
    return made.digest()
