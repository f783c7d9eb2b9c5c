"""Results side by side: ratios with intervals, verdicts where these allow one, and gates for scripts."""

from .comparing import Comparison, compare
from .gates import Gate, parse_gate
from .reading import read_all, read_results
from .result import Device, Figure, Result

__all__ = ["Comparison", "Device", "Figure", "Gate", "Result", "compare", "parse_gate", "read_all", "read_results"]
