"""Runs and measures edgecomp's models on the device."""

__version__ = "0.1.0"
