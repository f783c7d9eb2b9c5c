"""The same sums in the same order, so that a training that goes on ends where an unbroken one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deterministic_operations() -> Iterator[None]:
    """Lets TensorFlow compute only in ways that give the same bits each time.

    Operations have such ways, of which they are told. Besides, the operations of a function run one after the other:
    where several are at work, a sum of three or more tensors (AddN) adds them in an order that depends on which of
    them another operation still holds. On a busy machine, 4 of 70 trainings of weights that share values ended in
    other bits, and none of 70 in this way. Each operation still uses all cores; a step takes about a seventh longer.

    Nothing is done where there is a GPU: some operations have no such way there, and would fail.

    TensorFlow has a function to switch this on for a process and, in public, none to switch it off again.
    """
    import tensorflow as tf
    from tensorflow.python.eager.context import function_executor_type
    from tensorflow.python.framework import config

    if tf.config.list_physical_devices("GPU"):
        yield
        return
    before = config.is_op_determinism_enabled()
    tf.config.experimental.enable_op_determinism()
    try:
        with function_executor_type("SINGLE_THREADED_EXECUTOR"):
            yield
    finally:
        if not before:
            config.disable_op_determinism()
