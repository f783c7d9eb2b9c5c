"""Runs .tflite files and bundles on emulated ARM CPUs: the same results as on a board, and exact instruction counts."""

from .count import Count, count_instructions
from .cpus import CPUS
from .operators import OperatorCount, count_operators
from .process import EmulationError
from .profile import EmulatedProfile, profile_emulated

__all__ = [
    "CPUS",
    "Count",
    "EmulatedProfile",
    "EmulationError",
    "OperatorCount",
    "count_instructions",
    "count_operators",
    "profile_emulated",
]
