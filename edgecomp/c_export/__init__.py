"""A model as C source: an array with its constants, and a program that runs it on TensorFlow Lite Micro."""

from .plan import CExport, plan_c_export
from .render import render
from .source import Source, read_source

__all__ = ["CExport", "Source", "plan_c_export", "read_source", "render"]
