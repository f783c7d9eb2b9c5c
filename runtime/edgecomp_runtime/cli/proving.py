"""Progress of a command that comes to run golden samples, which is where native code begins."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator

from ..errors import InputError
from .child import now
from .common import progress_line, quiet_natives


@contextlib.contextmanager
def proving(options: argparse.Namespace, what: str) -> Iterator[Callable[[str], None]]:
    """Gives what to call with each step. From the golden samples on, the interpreter's chatter is kept off stderr.

    Args:
        options: with `engine` and `debug`.
        what: the bundle or model, for messages.
    """
    from ..install.installing import GOLDENS

    show = progress_line(f"{what}:")
    with contextlib.ExitStack() as quiet:

        def progress(text: str) -> None:
            show(text)
            if text != GOLDENS:
                return
            if not options.debug:
                quiet.enter_context(quiet_natives())
            from ..engines import find_engine  # needs NumPy, which may only just have been laid out

            with contextlib.suppress(InputError):  # which the interpreter's absence may be; others tell
                now(find_engine(options.engine)[0], f"while it ran the golden samples of {what}")

        try:
            yield progress
        finally:
            quiet.close()
            show("")
