"""Runs a command in a forked child, so that an interpreter that crashes becomes an error message.

Native code that is handed a broken model, or runs on a processor that it was not built for, does not raise: it ends the
process, and a shell shows nothing but a signal's number. The parent here only waits, and says what the child was doing.
The child is forked before an interpreter is imported, and never executes another program.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Optional

from ..errors import InputError

_CRASHES = frozenset(
    getattr(signal, name)
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP")
    if hasattr(signal, name)
)
_FORWARDED = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PAGE_BYTES = 4096

_page: Optional[mmap.mmap] = None
"""Shared with the parent; what the child is doing, as text."""


def now(interpreter: str, doing: str) -> None:
    """Says what native code is about to do, for the message if it does not survive that.

    Args:
        interpreter: the name of the engine.
        doing: what follows "crashed": "while it opened model.tflite".
    """
    if _page is not None:
        text = f"the interpreter {interpreter}\0{doing}".encode("utf-8", "replace")[: _PAGE_BYTES - 1]
        _page[: len(text) + 1] = text + b"\0"


def in_child(command: Callable[[], int]) -> int:
    """Runs a command in a child process where this system can fork, else right here.

    What is sent to this process (Ctrl-C, a termination) reaches the child, and however the child ends, this process
    ends likewise; but after a crash with a sentence and exit code 2.

    Args:
        command: gives an exit code. In the child this function returns, too: the caller ends the process with the code
            in either.
    """
    global _page
    if not hasattr(os, "fork"):
        return command()
    sys.stdout.flush()
    sys.stderr.flush()
    _page = mmap.mmap(-1, _PAGE_BYTES)
    parent = os.getpid()
    # What is sent now waits until both know what to do with it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    child = os.fork()
    if child:
        return _wait_for(child, before)
    try:
        _end_with(parent)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # nobody has it ignored
            signal.signal(signal.SIGINT, _interrupt_once)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return command()
    except KeyboardInterrupt:  # before the command could see to it
        return 128 + signal.SIGINT


def _wait_for(child: int, unblocked: Iterable[int]) -> int:
    def forward(number: int, _: Optional[FrameType]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in _FORWARDED:
        if signal.getsignal(number) is not signal.SIG_IGN:  # of nohup, for one: the child ignores it, too
            signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    ended_by = signal.Signals(os.WTERMSIG(status))
    if ended_by in _CRASHES or ended_by == signal.SIGKILL:
        print(f"edgecomp-runtime: {_obituary(ended_by)}", file=sys.stderr)
        return InputError.exit_code
    signal.signal(ended_by, signal.SIG_DFL)
    os.kill(os.getpid(), ended_by)
    return 128 + ended_by


def _obituary(ended_by: signal.Signals) -> str:
    assert _page is not None
    interpreter, doing = _page[:].decode("utf-8", "replace").split("\0")[:2]
    if ended_by == signal.SIGKILL:
        return f"the system killed the process (SIGKILL) {doing or 'at its start'}; most likely memory ran out"
    return (
        f"{interpreter or 'the interpreter'} crashed ({ended_by.name}) {doing or 'while it was imported'}; the file or "
        "the input is damaged, or holds what this interpreter, or this processor, cannot run"
    )


def _interrupt_once(number: int, frame: Optional[FrameType]) -> None:
    # A terminal sends Ctrl-C to parent and child, and the parent passes it on: it must not end the tidying up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.default_int_handler(number, frame)


def _end_with(parent: int) -> None:
    """Has the child ended when the parent is killed in a way that it cannot pass on."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was killed before
        os._exit(1)
