"""From a frozen graph to a float .tflite of builtin ops only."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError
from ..worker import Worker, WorkerCrashError
from .graph import FrozenGraph


class ExportError(InputError):
    """The model cannot be expressed in TFLite's builtin ops."""


def convert_graph(graph: FrozenGraph, worker: Worker | None = None) -> bytes:
    """Converts with TensorFlow's own converter; no SELECT_TF_OPS, since a board would silently need Flex for them.

    Args:
        graph: the frozen graph.
        worker: runs the native part, so that its crash is an error message; None runs it in this process.

    Raises:
        ExportError: names the TensorFlow ops that have no builtin counterpart.
        WorkerCrashError: the native converter died.
    """
    converter = _converter(graph)
    if worker is None:
        return _convert(converter)
    with _native_part_in(worker):
        return _convert(converter)


def convert_graph_stock(graph: FrozenGraph, *, stream: object) -> bytes:
    """What `tf.lite.TFLiteConverter` makes by itself of the same graph and samples: full INT8, INT8 in and out.

    The yardstick of the report's three-way table; never shipped. Runs as a whole in a worker of its own.

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


@contextmanager
def _native_part_in(worker: Worker) -> Iterator[None]:
    """Sends the one native call that `TFLiteConverter.convert` makes to a worker.

    The worker then needs only that native function and not TensorFlow, whose import would take it seconds.
    """
    from tensorflow.compiler.mlir.lite.python import wrap_converter

    crashes: list[WorkerCrashError] = []

    def elsewhere(model_flags: bytes, conversion_flags: bytes, graph: bytes, debug_info: bytes | None = None) -> bytes:
        try:
            made: bytes = worker.call(
                "edgecomp.export.native:convert", model_flags, conversion_flags, graph, debug_info
            )
        except WorkerCrashError as crash:
            crashes.append(crash)
            raise
        return made

    with _DIVERTING:
        own = wrap_converter.wrapped_convert
        wrap_converter.wrapped_convert = elsewhere
        try:
            yield
        except Exception as error:  # the converter wraps whatever its native call raises in an error of its own
            if crashes:
                raise crashes[0] from error
            raise
        finally:
            wrap_converter.wrapped_convert = own


_DIVERTING = threading.Lock()
"""One conversion at a time: the function that is replaced is TensorFlow's, and there is only one."""


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
