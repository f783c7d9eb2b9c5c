"""Turns trained Keras models into measured, verified INT8 bundles for a named device."""

__version__ = "0.1.0"
