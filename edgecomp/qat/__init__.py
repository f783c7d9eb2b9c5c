"""Quantization-aware training: a network that computes in training what the INT8 file computes on the device."""
