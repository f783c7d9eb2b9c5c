"""Holds a .tflite against a device profile: what will not run there, what will run badly, and what to do about it.

Each rule is a function of the model and the target in the file of its subject; `linter` runs them all.
"""

from .delegates.placement import Placement, placements
from .finding import SEVERITIES, Finding
from .linter import lint

__all__ = ["SEVERITIES", "Finding", "Placement", "lint", "placements"]
