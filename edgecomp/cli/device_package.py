"""Runs a verb of the device package here, where a crash of its interpreter ends a child process and not ours."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from edgecomp_runtime.cli import main
from edgecomp_runtime.cli.child import in_child


def run_verb(arguments: Sequence[str]) -> int:
    """Runs `edgecomp-runtime ARGUMENTS`; after a crash of native code a sentence on stderr says what it was doing.

    Args:
        arguments: the verb and what follows it.

    Returns:
        the exit code.
    """
    parent = os.getpid()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    code = in_child(lambda: _code_of(arguments))
    if os.getpid() != parent:  # what the caller goes on to do is done once, by the parent
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    for number, handler in handlers.items():  # none passes signals on to a child that has ended
        signal.signal(number, handler)
    return code


def _code_of(arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as refused:  # by argparse
        return int(refused.code or 0)
