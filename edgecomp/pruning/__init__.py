"""Removing channels from Keras models: what hangs together, what matters least, and the smaller model."""
