"""`edgecomp-runtime`, the command of the device; one file a verb."""

from .child import in_child
from .main import main

__all__ = ["console_script", "main"]


def console_script() -> int:
    """What the installed command runs: `main`, whose crash in native code would be told."""
    return in_child(main)
