"""Mending a quantized file on calibration samples: how weights are rounded, and the means of channels."""
