"""`edgecomp-runtime`, the command of the device; one file a verb."""

from .main import main

__all__ = ["main"]
