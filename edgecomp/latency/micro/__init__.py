"""Small networks whose cost shows what single operators cost."""

from .networks import MicroModel, micro_models

__all__ = ["MicroModel", "micro_models"]
