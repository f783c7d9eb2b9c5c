"""Calibration and evaluation sets, their checks, and the choice of a preprocessing. Imports no TensorFlow."""

from .auto import Resolved, resolve_preprocess
from .checks import check_calibration, check_evaluation
from .dataset import Dataset, Sample, Skipped
from .labels import read_labels
from .limits import limited
from .opening import open_data
from .overlap import check_overlap
from .prepared import Prepared, PreparedSet, prepared
from .spec import parse_spec

__all__ = [
    "Dataset",
    "Prepared",
    "PreparedSet",
    "Resolved",
    "Sample",
    "Skipped",
    "check_calibration",
    "check_evaluation",
    "check_overlap",
    "limited",
    "open_data",
    "parse_spec",
    "prepared",
    "read_labels",
    "resolve_preprocess",
]
