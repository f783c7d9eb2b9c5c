"""From an opened model to a float .tflite that computes the same."""
