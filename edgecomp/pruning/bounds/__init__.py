"""Between which values each channel of each tensor of a Keras model must lie for every input (interval arithmetic)."""
