"""Where tables go: the terminal as wide as it is, a file or a pipe wide enough that no name is cut."""

from __future__ import annotations

from rich.console import Console

_FILE_WIDTH = 160


def screen() -> Console:
    """The terminal; a file or pipe gets lines wide enough that no name is cut."""
    terminal = Console(markup=False, highlight=False)
    return terminal if terminal.is_terminal else Console(markup=False, highlight=False, width=_FILE_WIDTH)
