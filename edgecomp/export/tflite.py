"""From a frozen graph to a float .tflite of builtin ops only. Runs in a worker process."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from ..errors import InputError
from .graph import FrozenGraph


class ExportError(InputError):
    """The model cannot be expressed in TFLite's builtin ops."""


def convert_graph(graph: FrozenGraph) -> bytes:
    """Converts with TensorFlow's own converter; no SELECT_TF_OPS, since a board would silently need Flex for them.

    Raises:
        ExportError: names the TensorFlow ops that have no builtin counterpart.
    """
    return _convert(_converter(graph))


def convert_graph_stock(graph: FrozenGraph, *, stream: object) -> bytes:
    """What `tf.lite.TFLiteConverter` makes by itself of the same graph and samples: full INT8, INT8 in and out.

    The yardstick of the report's three-way table; never shipped.

    Args:
        graph: the frozen graph.
        stream: iterable of samples, each a dict of arrays in the order of `graph.inputs`.
    """
    import tensorflow as tf

    samples = [list(feeds.values()) for feeds in stream]  # type: ignore[attr-defined]
    converter = _converter(graph)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter(samples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return _convert(converter)


def _converter(graph: FrozenGraph):  # type: ignore[no-untyped-def]
    import tensorflow as tf

    shapes = {name: list(shape) for name, shape in zip(graph.inputs, graph.input_shapes, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.pb")
        path.write_bytes(graph.graph_def)
        return tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(
            str(path), list(graph.inputs), list(graph.outputs), shapes
        )


def _convert(converter) -> bytes:  # type: ignore[no-untyped-def]
    try:
        return bytes(converter.convert())
    except Exception as error:
        missing = sorted(set(re.findall(r"'?tf\.(\w+)'? op is neither a custom op nor a flex op", str(error))))
        missing += sorted(set(re.findall(r"^\s*Flex ops: (.*)$", str(error), re.MULTILINE)))
        if missing:
            raise ExportError(
                f"the model uses operations that TFLite has no builtin op for: {', '.join(missing)}; "
                "replace the layers that need them"
            ) from error
        raise
