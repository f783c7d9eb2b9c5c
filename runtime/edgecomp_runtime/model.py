"""One object that owns a model, its interpreter and its contract, so that nobody can forget to scale or quantize."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union

import numpy as np

from .batches import as_arrays, is_batch
from .classes import Prediction, probabilities, rank
from .contract import Contract
from .engines import EngineInfo, is_tflite, load_interpreter
from .errors import InputError, IntegrityError
from .feed import Feed
from .preprocess import Preprocess, build_contract, parse_preprocess
from .tensors import Tensor, match_contract, read_tensors

if TYPE_CHECKING:
    from .bundle.read import Bundle

Values = Union[np.ndarray, dict[str, np.ndarray]]
"""What comes out: an array, or arrays by name for a model of several outputs."""

_Item = TypeVar("_Item")


class Model:
    """A .tflite model or a bundle, ready to run. Made by `Model.load`.

    The interpreter is built once. Calls from several threads are safe, and take turns; to run in parallel, load one
    model for each thread.

    Example:
        >>> model = Model.load("bundle.zip")
        >>> model.classify("cat.jpg")[0].label
        'cat'

    Attributes:
        contract: preprocessing and meaning of the outputs.
        engine: what it runs on.
        inputs: the input tensors, in the contract's order.
        outputs: the output tensors, in the contract's order.
        bundle: the bundle it came from, or None.
        load_ms: how long reading and building it took, in milliseconds.
        invocations: how often it has run.
    """

    def __init__(self, interpreter: Any, engine: EngineInfo, contract: Contract, bundle: Optional[Bundle]) -> None:
        """Joins an interpreter with a contract; `Model.load` does that for files.

        Raises:
            InputError: the contract is not that of the interpreter's model.
        """
        self.contract = contract
        self.engine = engine
        self.bundle = bundle
        self.load_ms = 0.0
        self.invocations = 0
        self.inputs, self.outputs = match_contract(contract, *read_tensors(interpreter))
        self._interpreter = interpreter
        self._lock = threading.Lock()
        self._feeds = tuple(map(Feed, contract.inputs, self.inputs))

    @staticmethod
    def load(
        source: Union[str, os.PathLike[str], bytes],
        *,
        threads: int = 1,
        engine: Optional[str] = None,
        delegate: bool = True,
        preprocess: Union[str, Preprocess, Contract, None] = None,
        labels: Union[str, os.PathLike[str], Sequence[str], None] = None,
    ) -> Model:
        """Opens a model.

        Args:
            source: a bundle's zip file or folder, a .tflite file, or the bytes of one.
            threads: for the interpreter; 1 or more.
            engine: "ai_edge_litert", "tflite_runtime" or "tensorflow"; None takes the first that is there.
            delegate: False runs on the plain kernels, without XNNPACK.
            preprocess: for a .tflite, how raw values become its input (see `parse_preprocess`), or the whole contract.
                None takes raw values as they are. A bundle brings its own.
            labels: for a .tflite, the class names, or a file of them, one a line. A bundle brings its own.

        Raises:
            InputError: the file is missing or no model, an option does not fit it, or there is no interpreter.
            IntegrityError: the bundle is damaged, or its contract is not that of its model.
        """
        start = time.perf_counter()
        if not isinstance(source, bytes) and not is_tflite(source) and _is_bundle(source):
            model = _load_bundle(source, threads, engine, delegate, preprocess is not None or labels is not None)
        else:
            interpreter, info = load_interpreter(source, threads, engine, delegate)
            contract = _contract_for(interpreter, preprocess, () if labels is None else _read_labels(labels))
            model = Model(interpreter, info, contract, None)
        model.load_ms = (time.perf_counter() - start) * 1000
        return model

    @property
    def input(self) -> Tensor:
        """The input, of a model that has only one.

        Raises:
            InputError: it has several.
        """
        return _only(self.inputs, "inputs")

    @property
    def output(self) -> Tensor:
        """The output, of a model that has only one.

        Raises:
            InputError: it has several.
        """
        return _only(self.outputs, "outputs")

    def predict(self, x: Any) -> Values:
        """Runs raw values through preprocessing, the model and dequantization.

        Args:
            x: one sample or several: a path of a photo, a Pillow image, a uint8 photo of any size, or numbers of the
                input's shape without its batch axis; several are a list of these, or an array with a batch axis. For a
                model of several inputs, a dict of such by input name.

        Returns:
            float32 (integers where the model gives integers), without the batch axis for one sample, with it for
            several; a dict by output name for a model of several outputs.

        Raises:
            InputError: the value does not fit the model, or the photo cannot be read.
        """
        return self._over_samples(x, Feed.raw)

    def run(self, x: Any) -> Values:
        """Runs values that are preprocessed already; only quantization is done.

        Args:
            x: see `predict`, but numbers only. An array of the tensor's stored dtype (int8) is taken as it is.

        Returns:
            see `predict`.

        Raises:
            InputError: the value does not fit the model.
        """
        return self._over_samples(x, Feed.values)

    def classify(self, x: Any, top: int = 5) -> Any:
        """The most likely classes.

        Args:
            x: see `predict`.
            top: how many; fewer where the model has fewer classes.

        Returns:
            a list of `Prediction`, the most likely first; for several samples a list of such lists.

        Raises:
            InputError: the value does not fit the model, or its output is no classification.
        """
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise InputError(f"top is {top!r}, not a whole number of 1 or more")
        output = next((one for one in self.contract.outputs if one.kind == "classification"), None)
        if output is None:
            raise InputError("the model gives values, not classes; use predict")
        predicted = self.predict(x)
        scores = predicted[output.name] if isinstance(predicted, dict) else predicted
        ranked: list[list[Prediction]] = [
            rank(row, output.labels, top) for row in probabilities(np.atleast_2d(scores), output)
        ]
        return ranked if scores.ndim == 2 else ranked[0]

    def run_stored(self, stored: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One inference on the tensors themselves: nothing is scaled or quantized.

        Args:
            stored: for each input, in order, an array of its full shape and stored dtype.

        Returns:
            for each output, in order, an array of its full shape and stored dtype.

        Raises:
            InputError: an array does not fit its tensor.
        """
        interpreter = self._interpreter
        try:
            with self._lock:
                for position, array in enumerate(stored):
                    interpreter.set_tensor(self.inputs[position].index, array)
                interpreter.invoke()
                self.invocations += 1
                return [interpreter.get_tensor(one.index) for one in self.outputs]
        except (ValueError, RuntimeError) as error:
            raise InputError(f"the model cannot run on this input: {' '.join(str(error).split())[:300]}") from error

    def bare_invoke(self, stored: Sequence[np.ndarray]) -> Callable[[], None]:
        """What a benchmark times: the interpreter's own `invoke`, with its inputs set.

        Args:
            stored: see `run_stored`.

        Returns:
            a function for one thread at a time, while nothing else uses the model.
        """
        for position, array in enumerate(stored):
            self._interpreter.set_tensor(self.inputs[position].index, array)
        invoke: Callable[[], None] = self._interpreter.invoke
        return invoke

    def _over_samples(self, x: Any, encode: Callable[[Feed, Any], np.ndarray]) -> Values:
        # The usual case, one array of just the right shape for the only input, takes the shortest way.
        feeds = self._feeds
        if len(feeds) == 1 and type(x) is np.ndarray and x.shape == feeds[0].sample_shape:
            return self._one([encode(feeds[0], x)])
        raws = [as_arrays(feed.contract, raw) for feed, raw in self._by_input(x)]
        batched = [is_batch(feed.contract, raw) for feed, raw in zip(feeds, raws)]
        if not any(batched):
            return self._one(list(map(encode, feeds, raws)))
        if not all(batched) or len({len(raw) for raw in raws}) > 1:
            raise InputError("the inputs do not all hold the same number of samples")
        if len(raws[0]) == 0:
            raise InputError("there are no samples in the value given")
        return _stacked([self._one(list(map(encode, feeds, samples))) for samples in zip(*raws)])

    def _one(self, stored: list[np.ndarray]) -> Values:
        found = self.run_stored(stored)
        if len(found) == 1:
            only: np.ndarray = self.outputs[0].decode(found[0])[0]
            return only
        return {tensor.name: tensor.decode(found[position])[0] for position, tensor in enumerate(self.outputs)}

    def _by_input(self, x: Any) -> list[tuple[Feed, Any]]:
        names = [one.name for one in self.inputs]
        given = x if isinstance(x, Mapping) else {names[0]: x}
        if set(given) != set(names):
            raise InputError(
                f"the model has the inputs {', '.join(names)}: give a dict with a value for each of them, and no others"
            )
        return [(feed, given[feed.contract.name]) for feed in self._feeds]


# What reads bundles is imported only for one: zip files and hashes take longer to import than all of the rest.
def _is_bundle(path: Union[str, os.PathLike[str]]) -> bool:
    from .bundle.files import is_bundle

    return is_bundle(Path(path))


def _load_bundle(
    path: Union[str, os.PathLike[str]], threads: int, engine: Optional[str], delegate: bool, overridden: bool
) -> Model:
    from .bundle.read import read_bundle

    if overridden:
        raise InputError(f"{os.fspath(path)}: a bundle brings its own preprocessing and labels; give neither")
    bundle = read_bundle(path)
    interpreter, info = load_interpreter(bundle.model, threads, engine, delegate)
    try:
        return Model(interpreter, info, bundle.contract, bundle)
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


def _only(items: Sequence[_Item], kind: str) -> _Item:
    if len(items) != 1:
        raise InputError(f"the model has {len(items)} {kind}; use Model.{kind}")
    return items[0]


def _stacked(rows: Sequence[Values]) -> Values:
    first = rows[0]
    if isinstance(first, dict):
        return {name: np.stack([row[name] for row in rows]) for name in first}
    return np.stack(rows)  # type: ignore[arg-type]
