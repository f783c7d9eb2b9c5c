"""Opens SavedModel folders: as a native Keras 3 model where Keras 2 left its description inside, else as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import EdgecompError, InputError
from .built import BuiltLayer
from .h5_file import LegacyFile, StoredWeight
from .layers import Context, first_line
from .legacy import rebuild
from .opened import TensorSpec
from .signature import FixInput, unique_legal_names, unknown_sizes
from .weights import assign_layer

# Graph nodes that read or write files or call Python: running them is running code from the file.
_CODE_OPS = frozenset({"WriteFile", "ReadFile", "PyFunc", "PyFuncStateless", "EagerPyFunc", "MatchingFiles", "Save"})
_SAVER_FUNCTIONS = ("__inference__traced_save", "__inference__traced_restore")
_KERAS_MODEL = "_tf_keras_"
# The rebuilt network may sum in another order than the stored graph; more than that is another network.
_TOLERANCE = 1e-4
# The stored graph of a network trained in mixed precision computes in float16, of 11 bits.
_TOLERANCE_HALF = 2e-2


@dataclass(frozen=True, eq=False)
class OpenedSavedModel:
    """A SavedModel as opened.

    Args:
        inputs: in the signature's order; of the Keras model where there is one, empty here.
        outputs: likewise.
        keras_model: the native model that proved equal to the SavedModel's own function, or None.
        warnings: sentences a user should read.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    keras_model: Any | None
    warnings: tuple[str, ...]


def open_saved_model(path: Path, context: Context, fix_input: FixInput) -> OpenedSavedModel:
    """Opens a SavedModel folder.

    Raises:
        InputError: the folder is damaged, has no usable signature, takes text, or carries code.
    """
    graph = _read_graph(path)
    if not context.allow_code:
        _check_safe(graph)
    signature_name = _signature_name(graph)
    loaded = _load(path)
    function = loaded.signatures[signature_name]
    config = _keras_config(path, graph)
    reason = "it holds no Keras model"
    if config is not None:
        try:
            model = _native(loaded, config, function, context, fix_input)
            return OpenedSavedModel((), (), model, ())
        except EdgecompError as error:
            reason = str(error)
    inputs = _input_specs(function, fix_input)
    outputs = _output_specs(function, inputs)
    note = f"the SavedModel is converted as it is and cannot be pruned, because {reason}"
    return OpenedSavedModel(inputs, outputs, None, (note,))


def _read_graph(path: Path) -> Any:
    """The first (and for TensorFlow 2 only) graph of a SavedModel."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel()
    try:
        message.ParseFromString((path / "saved_model.pb").read_bytes())
    except (DecodeError, OSError) as error:
        raise InputError(f"{path}/saved_model.pb cannot be read: copy or save the model again") from error
    if not message.meta_graphs:
        raise InputError(f"{path}/saved_model.pb holds no graph: copy or save the model again")
    return message.meta_graphs[0]


def _check_safe(graph: Any) -> None:
    library = [one for one in graph.graph_def.library.function if not one.signature.name.startswith(_SAVER_FUNCTIONS)]
    nodes = [node for one in library for node in one.node_def] + list(graph.graph_def.node)
    found = sorted({node.op for node in nodes} & (_CODE_OPS - {"Save"}))
    if found:
        raise InputError(
            f"the SavedModel has the op {found[0]}, which reads or writes files or calls Python: "
            "give --allow-code if you trust where it comes from"
        )


def _signature_name(graph: Any) -> str:
    names = [name for name in graph.signature_def if not name.startswith("__saved_model")]
    for wanted in ("serving_default", "serve"):
        if wanted in names:
            return wanted
    if len(names) == 1:
        return str(names[0])
    raise InputError(
        f"the SavedModel has {'the signatures ' + ', '.join(sorted(names)) if names else 'no signature'}, and none is "
        "called serving_default: save it with tf.saved_model.save(..., signatures={'serving_default': ...})"
    )


def _load(path: Path) -> Any:
    import tensorflow as tf

    try:
        return tf.saved_model.load(str(path))
    except Exception as error:
        raise InputError(
            f"{path} cannot be loaded as a SavedModel ({first_line(error)}): copy or save the model again"
        ) from error


def _keras_config(path: Path, graph: Any) -> dict[str, Any] | None:
    """The description Keras 2 left: in keras_metadata.pb (TensorFlow 2.5 and later) or in the graph (before)."""
    texts: list[str] = []
    if (path / "keras_metadata.pb").is_file():
        from google.protobuf.message import DecodeError
        from tensorflow.python.keras.protobuf import saved_metadata_pb2

        metadata = saved_metadata_pb2.SavedMetadata()
        try:
            metadata.ParseFromString((path / "keras_metadata.pb").read_bytes())
        except DecodeError:
            return None
        texts = [node.metadata for node in metadata.nodes if node.node_path == "root"]
    elif graph.object_graph_def.nodes:
        root = graph.object_graph_def.nodes[0].user_object
        texts = [root.metadata] if root.identifier.startswith(_KERAS_MODEL) else []
    try:
        config = json.loads(texts[0]) if texts else None
    except ValueError:
        return None
    return config if isinstance(config, dict) and config.get("config") else None


def _native(loaded: Any, config: Mapping[str, Any], function: Any, context: Context, fix_input: FixInput) -> Any:
    """The network rebuilt as a Keras 3 model, proven equal to the SavedModel's own function."""
    built = rebuild(LegacyFile(dict(config), "2", "", {}), context, fix_input)
    whole = BuiltLayer("the network", "Functional", True, built.model, children=built.layers)
    assign_layer(whole, _stored_weights(loaded))
    _check_equal(built.model, function, _TOLERANCE_HALF if "float16" in json.dumps(config) else _TOLERANCE)
    return built.model


def _stored_weights(loaded: Any) -> list[StoredWeight]:
    variables = getattr(loaded, "variables", None)
    if variables is None:
        raise InputError("its weights carry no names")
    return [StoredWeight(str(one.name), one.numpy()) for one in variables]


def _check_equal(model: Any, function: Any, tolerance: float) -> None:
    """Compares the rebuilt network with the stored function on two random samples."""
    import keras

    generator = np.random.default_rng(0)
    try:
        values = [_random(generator, one, -2.0) for one in model.inputs]
        stored = _run(function, model, values)
    except InputError:  # numbers below 0 are no ids for an Embedding
        values = [_random(generator, one, 0.0) for one in model.inputs]
        stored = _run(function, model, values)
    rebuilt = keras.tree.flatten(model(values if len(values) > 1 else values[0], training=False))
    if len(stored) != len(rebuilt):
        raise InputError(f"the rebuilt network has {len(rebuilt)} outputs, its own function {len(stored)}")
    for output in map(np.asarray, rebuilt):
        match = next((i for i, one in enumerate(stored) if _close(one, output, tolerance)), None)
        if match is None:
            raise InputError("the network rebuilt from it gives other outputs than its own function")
        del stored[match]


def _run(function: Any, model: Any, values: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the stored function gives for the inputs of the rebuilt network."""
    import tensorflow as tf

    expects = function.structured_input_signature[1]
    names = [_matching(one.name, list(expects), index) for index, one in enumerate(model.inputs)]
    given = {name: tf.cast(value, expects[name].dtype) for name, value in zip(names, values, strict=True)}
    try:
        return [np.asarray(value) for value in function(**given).values()]
    except Exception as error:
        raise InputError(f"its own function cannot be run to compare with ({first_line(error)})") from error


def _matching(name: str, names: Sequence[str], index: int) -> str:
    if name in names:
        return name
    if len(names) <= index:
        raise InputError("its function has other inputs than its Keras model")
    return names[index]


def _random(generator: np.random.Generator, tensor: Any, low: float) -> np.ndarray:
    shape = (2, *tensor.shape[1:])
    if str(tensor.dtype).startswith("float"):
        return generator.uniform(low, 2.0, shape).astype(str(tensor.dtype))
    return generator.integers(0, 2, shape).astype(str(tensor.dtype))


def _close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    if a.shape != b.shape:
        return False
    scale = float(np.max(np.abs(a), initial=0.0))
    difference = np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)), initial=0.0)
    return bool(difference <= tolerance * max(scale, 1e-6))


def _input_specs(function: Any, fix_input: FixInput) -> tuple[TensorSpec, ...]:
    given = function.structured_input_signature[1]
    specs = []
    for (name, tensor), legal in zip(given.items(), unique_legal_names(list(given)), strict=True):
        dtype = tensor.dtype.name
        if dtype in ("string", "resource", "variant"):
            raise InputError(
                f"the input {name} of the SavedModel takes {'text' if dtype == 'string' else dtype}: "
                "save the part of the model that takes numbers"
            )
        shape = tuple(tensor.shape) if tensor.shape.rank is not None else ()
        shape = fix_input(name, shape)
        if shape[0] not in (None, 1):
            raise InputError(
                f"the input {name} of the SavedModel has a fixed batch of {shape[0]}: save it with a batch of 1 or None"
            )
        specs.append(TensorSpec(legal, _sized(name, (1, *shape[1:])), dtype))
    if not specs:
        raise InputError("the SavedModel's signature has no inputs, so there is nothing to convert")
    return tuple(specs)


def _sized(name: str, shape: tuple[int | None, ...]) -> tuple[int, ...]:
    if None in shape:
        raise unknown_sizes(name, shape)
    return tuple(int(size) for size in shape if size is not None)


def _output_specs(function: Any, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Shapes of the outputs: those of one run on zeros, since signatures leave many sizes open."""
    import tensorflow as tf

    names = list(function.structured_input_signature[1])
    zeros = {name: tf.zeros(spec.shape, spec.dtype) for name, spec in zip(names, inputs, strict=True)}
    try:
        outputs = function(**zeros)
    except Exception as error:
        raise InputError(f"the SavedModel cannot be run with a batch of 1 ({first_line(error)})") from error
    legal = unique_legal_names(list(outputs))
    return tuple(
        TensorSpec(name, tuple(int(size) for size in one.shape), one.dtype.name)
        for name, one in zip(legal, outputs.values(), strict=True)
    )
