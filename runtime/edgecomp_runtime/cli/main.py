"""`edgecomp-runtime`: finds the verb, and turns every error into one sentence and an exit code.

Exit codes: 0 done; 1 a fault of ours; 2 bad input or usage; 3 slower than a bundle allows; 4 a measurement that is not
valid; 5 integrity or signature failure.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Optional

from .. import __version__
from ..errors import EdgecompError
from . import bench, doctor, evaluate, install, profile, rollback, run, status, trust, verify

VERBS = (run, evaluate, bench, profile, verify, install, rollback, status, trust, doctor)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command.

    Args:
        arguments: of the command line; None takes the process's.

    Returns:
        the exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
        return code
    except EdgecompError as error:
        return _fail(str(error), error.exit_code, options.debug)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except ModuleNotFoundError as error:
        return _fail(
            f"{error.name} is not installed; `edgecomp-runtime doctor` says how to install it", 2, options.debug
        )
    except Exception as error:
        return _fail(
            f"a fault in edgecomp-runtime: {type(error).__name__}: {error}; --debug shows where", 1, options.debug
        )


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"edgecomp-runtime: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgecomp-runtime", description="Runs and measures edgecomp's models.")
    parser.add_argument("--version", action="version", version=f"edgecomp-runtime {__version__}")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)
    for verb in VERBS:
        verb.add_to(commands)
    return parser
