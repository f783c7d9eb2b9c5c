"""One object that owns a model, its interpreter and its contract, so that nobody can forget to scale or quantize."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union

import numpy as np

from .errors import InputError

# The rest is imported when a model is loaded: an application that imports this package and the interpreter should
# start as fast as with the interpreter alone.
if TYPE_CHECKING:
    import os

    from .bundle.read import Bundle
    from .classes import Prediction
    from .contract import Contract
    from .engines import EngineInfo
    from .feed import Feed
    from .install.installed import Installed
    from .preprocess import Preprocess
    from .stream.answers import StreamAnswer
    from .tensors import Tensor

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
        installed: the installed model it came from, or None; see `stale`.
        load_ms: how long reading and building it took, in milliseconds.
        invocations: how often it has run.
    """

    def __init__(
        self,
        interpreter: Any,
        engine: EngineInfo,
        contract: Contract,
        feeds: Sequence[Feed],
        outputs: Sequence[Tensor],
        bundle: Optional[Bundle] = None,
    ) -> None:
        """Joins an interpreter with what goes into it and comes out; `Model.load` does that for files."""
        self.contract = contract
        self.engine = engine
        self.bundle = bundle
        self.installed: Optional[Installed] = None
        self.load_ms = 0.0
        self.invocations = 0
        self.inputs = tuple(feed.tensor for feed in feeds)
        self.outputs = tuple(outputs)
        self._interpreter = interpreter
        self._lock = threading.Lock()
        self._feeds = tuple(feeds)
        self._encode_raw = [feed.raw for feed in feeds]
        self._encode_values = [feed.values for feed in feeds]

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
            source: a bundle's zip file or folder, a .tflite file, or the bytes of one; or "installed:NAME".
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
        from .loading import load

        return load(source, threads=threads, engine=engine, delegate=delegate, preprocess=preprocess, labels=labels)

    @property
    def stale(self) -> bool:
        """Whether another bundle was installed under the model's name since it was loaded; cheap enough to ask often.

        False for a model that is not "installed:NAME".
        """
        return self.installed is not None and self.installed.changed

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
        return self._over_samples(x, self._encode_raw)

    def run(self, x: Any) -> Values:
        """Runs values that are preprocessed already; only quantization is done.

        Args:
            x: see `predict`, but numbers only. An array of the tensor's stored dtype (int8) is taken as it is.

        Returns:
            see `predict`.

        Raises:
            InputError: the value does not fit the model.
        """
        return self._over_samples(x, self._encode_values)

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
        from .classes import probabilities, rank

        predicted = self.predict(x)
        scores = predicted[output.name] if isinstance(predicted, dict) else predicted
        ranked: list[list[Prediction]] = [
            rank(row, output.labels, top) for row in probabilities(np.atleast_2d(scores), output)
        ]
        return ranked if scores.ndim == 2 else ranked[0]

    def stream(
        self, source: Any, *, rate: Optional[float] = None, drop: Optional[bool] = None, top: int = 5
    ) -> Iterator[StreamAnswer]:
        """Answers for one frame after another, for as long as the source has any.

        Memory does not grow with the number of frames. A frame that cannot be read or does not fit gives an answer with
        an `error`, and the stream goes on; what ends the source itself is raised.

        Args:
            source: a path of a photo, a folder of photos, `.npy`, `.npz`, `.csv` or a video; a list or any other
                iterable of what `predict` takes; or a `Camera`, `Pipe` or `Video` of `edgecomp_runtime.stream`.
            rate: answers at most so many frames a second, at even intervals.
            drop: whether frames that come while the model is busy are dropped, so that the newest one is answered next.
                None drops for cameras only. Files are then read at `rate`, which has to be given.
            top: how many classes a classifier's answers name.

        Returns:
            an iterator of `StreamAnswer`; closing it, or dropping it, closes the source.

        Raises:
            InputError: an option is wrong, or the source cannot be opened or breaks off.
        """
        from .stream.loop import stream

        return stream(self, source, rate=rate, drop=drop, top=top)

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
        except (ValueError, RuntimeError, MemoryError) as error:
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

    def _over_samples(self, x: Any, encoders: Sequence[Callable[[Any], np.ndarray]]) -> Values:
        # The usual case, one array of just the right shape for the only input, takes the shortest way.
        if len(encoders) == 1 and type(x) is np.ndarray and x.shape == self._feeds[0].sample_shape:
            return self._one([encoders[0](x)])
        raws = [feed.as_arrays(raw) for feed, raw in self._by_input(x)]
        batched = [feed.is_batch(raw) for feed, raw in zip(self._feeds, raws)]
        if not any(batched):
            return self._one([encode(raw) for encode, raw in zip(encoders, raws)])
        if not all(batched) or len({len(raw) for raw in raws}) > 1:
            raise InputError("the inputs do not all hold the same number of samples; give as many of each")
        if len(raws[0]) == 0:
            raise InputError("there are no samples in the value given; give at least one")
        return _stacked([self._one([encode(raw) for encode, raw in zip(encoders, sample)]) for sample in zip(*raws)])

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


def _only(items: Sequence[_Item], kind: str) -> _Item:
    if len(items) != 1:
        raise InputError(f"the model has {len(items)} {kind}; use Model.{kind}")
    return items[0]


def _stacked(rows: Sequence[Values]) -> Values:
    first = rows[0]
    if isinstance(first, dict):
        return {name: np.stack([row[name] for row in rows]) for name in first}
    return np.stack(rows)  # type: ignore[arg-type]
