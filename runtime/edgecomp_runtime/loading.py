"""Opens a bundle or a bare .tflite as a `Model`: finds the interpreter, settles the contract, joins the two."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from .contract import Contract
from .engines import EngineInfo, is_tflite, load_interpreter
from .errors import InputError, IntegrityError
from .feed import Feed
from .model import Model
from .preprocess import Preprocess, build_contract, parse_preprocess
from .tensors import match_contract, read_tensors

if TYPE_CHECKING:
    from .install.installed import Installed

Source = Union[str, os.PathLike[str], bytes]
Labels = Union[str, os.PathLike[str], Sequence[str], None]


def load(
    source: Source,
    *,
    threads: int,
    engine: Optional[str],
    delegate: bool,
    preprocess: Union[str, Preprocess, Contract, None],
    labels: Labels,
) -> Model:
    """What `Model.load` does; see there."""
    start = time.perf_counter()
    current = _installed(source)
    source = source if current is None else current.path
    if not isinstance(source, bytes) and not is_tflite(source) and _is_bundle(source):
        if preprocess is not None or labels is not None:
            raise InputError(f"{os.fspath(source)}: a bundle brings its own preprocessing and labels; give neither")
        model = _load_bundle(source, threads, engine, delegate)
    else:
        interpreter, info = load_interpreter(source, threads, engine, delegate)
        contract = _contract_for(interpreter, preprocess, () if labels is None else _read_labels(labels))
        model = _join(interpreter, info, contract)
    model.installed = current
    model.load_ms = (time.perf_counter() - start) * 1000
    return model


def _join(interpreter: Any, info: EngineInfo, contract: Contract, bundle: Any = None) -> Model:
    inputs, outputs = match_contract(contract, *read_tensors(interpreter))
    return Model(interpreter, info, contract, [*map(Feed, contract.inputs, inputs)], outputs, bundle)


def _installed(source: Source) -> Optional[Installed]:
    if not isinstance(source, str) or not source.startswith("installed:"):
        return None
    from .install.installed import installed

    return installed(source)


# What reads bundles is imported only for one: zip files and hashes take longer to import than all of the rest.
def _is_bundle(path: Union[str, os.PathLike[str]]) -> bool:
    from .bundle.files import is_bundle

    return is_bundle(Path(path))


def _load_bundle(path: Union[str, os.PathLike[str]], threads: int, engine: Optional[str], delegate: bool) -> Model:
    from .bundle.read import read_to_run

    bundle = read_to_run(path)
    interpreter, info = load_interpreter(bundle.model, threads, engine, delegate)
    try:
        return _join(interpreter, info, bundle.contract, bundle)
    except InputError as error:
        raise IntegrityError(f"{bundle.path}: {error}; nothing of it was used") from error


def _contract_for(
    interpreter: Any, preprocess: Union[str, Preprocess, Contract, None], labels: tuple[str, ...]
) -> Contract:
    if isinstance(preprocess, Contract):
        if labels:
            raise InputError("a contract brings its own labels; give one or the other")
        return preprocess
    if preprocess is None or isinstance(preprocess, str):
        preprocess = parse_preprocess(preprocess or "none")
    inputs, outputs = read_tensors(interpreter)
    # Only shapes that are nothing else are taken for photos here: [1, H, W] may well be a series of measurements.
    images = any(len(one.shape) == 4 and one.shape[3] in (1, 3) for one in inputs)
    return build_contract(preprocess, inputs, outputs, images=images, labels=labels)


def _read_labels(labels: Union[str, os.PathLike[str], Sequence[str]]) -> tuple[str, ...]:
    if not isinstance(labels, (str, os.PathLike)):
        return tuple(labels)
    from .bundle.read import parse_labels

    try:
        return parse_labels(Path(labels).read_bytes())
    except OSError as error:
        raise InputError(f"{os.fspath(labels)}: the labels cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{os.fspath(labels)}: is not UTF-8 text with one label a line") from None
