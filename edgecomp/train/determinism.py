"""The same sums in the same order, so that a training that goes on ends where an unbroken one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deterministic_operations() -> Iterator[None]:
    """Lets TensorFlow compute only in ways that give the same bits each time; on CPUs this costs nothing measurable.

    Nothing is done where there is a GPU: some operations have no such way there, and would fail.

    TensorFlow has a function to switch this on for a process and, in public, none to switch it off again.
    """
    import tensorflow as tf
    from tensorflow.python.framework import config

    if tf.config.list_physical_devices("GPU"):
        yield
        return
    before = config.is_op_determinism_enabled()
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        if not before:
            config.disable_op_determinism()
