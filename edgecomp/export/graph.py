"""From an opened model to one frozen TensorFlow graph with a batch of 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..models.opened import OpenedModel, TensorSpec


@dataclass(frozen=True)
class FrozenGraph:
    """A TensorFlow graph whose weights are constants.

    Args:
        graph_def: the serialized GraphDef.
        inputs: names of the placeholder nodes, in the order of `OpenedModel.inputs`.
        outputs: names of the output nodes, in the order of `OpenedModel.outputs`.
        input_shapes: shapes of the placeholders, batch of 1.
    """

    graph_def: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]


def freeze(model: OpenedModel) -> FrozenGraph:
    """Traces and freezes a model that is not a .tflite already."""
    if model.keras_model is not None:
        return freeze_keras(model.keras_model, model.inputs, model.outputs)
    return _freeze_saved_model(model)


def freeze_keras(keras_model: Any, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> FrozenGraph:
    """Traces a Keras model with its weights as constants and a fixed batch of 1.

    Tracing on constants instead of freezing variables afterwards saves a pass over the graph, and no variable can be
    forgotten. The fixed batch keeps SHAPE, STRIDED_SLICE and PACK out of the file.
    """
    import keras
    import tensorflow as tf

    values = [(variable, variable.numpy()) for variable in keras_model.variables]

    def call(*tensors: Any) -> list[Any]:
        constants = [(variable, tf.constant(value)) for variable, value in values]
        with keras.StatelessScope(state_mapping=constants):
            result = keras_model(_like_inputs(keras_model, tensors), training=False)
        flat = tf.nest.flatten(result)
        return [tf.identity(tensor, name=f"result_{index}") for index, tensor in enumerate(flat)]

    specs = [
        tf.TensorSpec(spec.shape, tf.as_dtype(spec.dtype), name=f"argument_{index}")
        for index, spec in enumerate(inputs)
    ]
    function = tf.function(call, autograph=False).get_concrete_function(*specs)
    return FrozenGraph(
        graph_def=function.graph.as_graph_def().SerializeToString(),
        inputs=tuple(f"argument_{index}" for index in range(len(inputs))),
        outputs=tuple(f"result_{index}" for index in range(len(outputs))),
        input_shapes=tuple(spec.shape for spec in inputs),
    )


def reference_outputs(model: OpenedModel) -> Callable[[dict[str, Any]], list[Any]]:
    """A function that runs the original model on one sample; the reference every exported file is held against.

    Returns:
        takes arrays by input name, gives arrays in the order of `OpenedModel.outputs`.
    """
    import tensorflow as tf

    if model.keras_model is not None:
        keras_model = model.keras_model

        def run(feeds: dict[str, Any]) -> list[Any]:
            tensors = tuple(tf.constant(feeds[spec.name]) for spec in model.inputs)
            result = keras_model(_like_inputs(keras_model, tensors), training=False)
            return [tensor.numpy() for tensor in tf.nest.flatten(result)]

        return run
    signature, names = _signature(model)

    def run_signature(feeds: dict[str, Any]) -> list[Any]:
        result = signature(**{names[spec.name]: tf.constant(feeds[spec.name]) for spec in model.inputs})
        return [tensor.numpy() for tensor in result.values()]

    return run_signature


def _like_inputs(keras_model: Any, tensors: tuple[Any, ...]) -> Any:
    """The tensors in the structure the model was built with: one, a list, or a dict by name."""
    import tensorflow as tf

    structure = getattr(keras_model, "_inputs_struct", None)
    if structure is None:
        structure = keras_model.inputs if len(tensors) > 1 else keras_model.inputs[0]
    return tf.nest.pack_sequence_as(structure, list(tensors))


def _freeze_saved_model(model: OpenedModel) -> FrozenGraph:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature, names = _signature(model)
    specs = [tf.TensorSpec(spec.shape, tf.as_dtype(spec.dtype), name=spec.name) for spec in model.inputs]

    def call(*tensors: Any) -> list[Any]:
        result = signature(**{names[spec.name]: tensor for spec, tensor in zip(model.inputs, tensors, strict=True)})
        return [tf.identity(tensor) for tensor in result.values()]

    traced = tf.function(call, autograph=False).get_concrete_function(*specs)
    function = convert_variables_to_constants_v2(traced)
    return FrozenGraph(
        graph_def=function.graph.as_graph_def().SerializeToString(),
        inputs=tuple(tensor.op.name for tensor in function.inputs),
        outputs=tuple(tensor.op.name for tensor in function.outputs),
        input_shapes=tuple(spec.shape for spec in model.inputs),
    )


def _signature(model: OpenedModel) -> tuple[Any, dict[str, str]]:
    """The serving function of a SavedModel, and its own input names by those of `OpenedModel.inputs`."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(model.saved_model))
    signature = loaded.signatures["serving_default"]
    own = list(signature.structured_input_signature[1])

    def call(**tensors: Any) -> Any:
        return signature(**tensors) if loaded else None  # holding on to `loaded` keeps its variables alive

    return call, dict(zip((spec.name for spec in model.inputs), own, strict=True))
