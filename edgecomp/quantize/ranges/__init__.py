"""Ranges of activations: observing tensors on calibration samples, and choosing from what was seen."""
