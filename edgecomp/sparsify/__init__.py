"""Which weights become zero: scores, patterns, and plans over all layers of a network.

Weights are matrices [outputs, taps] here, one for each layer, with input channels fastest within the taps, as .tflite
files store them.
"""

from .pattern import ANY, Pattern, parse_pattern
from .plan import LayerSparsity, SparsityPlan, keep_masks, plan_below, plan_sparsity
from .scores import energy_scores, magnitude_scores, random_scores

__all__ = [
    "ANY",
    "LayerSparsity",
    "Pattern",
    "SparsityPlan",
    "energy_scores",
    "keep_masks",
    "magnitude_scores",
    "parse_pattern",
    "plan_below",
    "plan_sparsity",
    "random_scores",
]
