"""Opens the model files people have: Keras 3 and Keras 2, SavedModel folders, float .tflite."""

from .opened import OpenedModel, TensorSpec
from .opening import from_keras, open_model

__all__ = ["OpenedModel", "TensorSpec", "from_keras", "open_model"]
