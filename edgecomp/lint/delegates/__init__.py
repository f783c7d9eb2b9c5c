"""What accelerators' delegates take of a model, and what they leave to TFLite's own kernels."""
