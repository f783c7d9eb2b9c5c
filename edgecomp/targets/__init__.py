"""Device profiles: what a device is, what runs on it, and what a model for it may look like."""

from .loading import list_targets, load_target, target_names
from .profile import Latency, ModelRules, OperatorRules, Package, Runtime, Target

__all__ = [
    "Latency",
    "ModelRules",
    "OperatorRules",
    "Package",
    "Runtime",
    "Target",
    "list_targets",
    "load_target",
    "target_names",
]
