"""The parent's side of a worker: start it, hand it calls and streams, turn its death into an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import EdgecompError
from .wire import receive, send


class WorkerError(EdgecompError):
    """A function in the worker raised something it was not meant to raise."""


class WorkerCrashError(EdgecompError):
    """The worker process died in the middle of a call."""


_BOOT = "import sys; sys.path[:] = sys.argv.pop(1).splitlines(); from edgecomp.worker.child import main; main()"
"""The worker finds its modules exactly where this process does; `-m` would put the current folder first, and somebody's
`random.py` there would pass for the library's."""


class Worker:
    """A Python process of our own that runs named functions one at a time, in the order of the calls.

    What native libraries print there goes to the log file, never to the terminal.

    Args:
        log: file that receives the worker's stdout and stderr, appended to.
        warm: modules (or "module:function" to call) that it loads at once, while the parent does something else.

    Example:
        >>> with Worker(log=Path("log.txt")) as worker:
        ...     worker.call("math:sqrt", 2.0)
        1.4142135623730951
    """

    def __init__(self, *, log: Path, warm: Sequence[str] = ()) -> None:
        self.log = log
        self._calls = threading.Lock()
        request_read, request_write = os.pipe()
        answer_read, answer_write = os.pipe()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, "\n".join(sys.path), str(request_read), str(answer_write), *warm],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(request_read, answer_write),
            )
        os.close(request_read)
        os.close(answer_write)
        self._requests: BinaryIO = os.fdopen(request_write, "wb")
        self._answers: BinaryIO = os.fdopen(answer_read, "rb")

    @property
    def pid(self) -> int:
        """The process' number."""
        return self._process.pid

    def call(self, function: str, /, *args: Any, stream: Iterable[Any] | None = None, **kwargs: Any) -> Any:
        """Runs `module:function` in the worker and returns what it returns.

        Args:
            function: "package.module:name".
            *args: picklable arguments.
            stream: when given, the function gets an iterator as its keyword argument `stream`, which yields these
                items one by one; memory on neither side grows with their number.
            **kwargs: picklable keyword arguments.

        Raises:
            EdgecompError: what the function raised on purpose.
            WorkerError: it raised anything else; the log has the traceback.
            WorkerCrashError: the process died; says by which signal.
        """
        with self._calls:
            kind, value = self._exchange((function, args, kwargs, stream is not None), stream)
        if kind == "error":
            raise value
        if kind == "fault":
            raise WorkerError(f"{function} failed: {value}; the traceback is in {self.log}")
        return value

    def close(self) -> None:
        """Ends the worker; a call in flight ends with `WorkerCrashError`."""
        self._process.kill()  # first: a pipe that a thread of ours waits on cannot be closed
        self._process.wait()
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except OSError:  # there was something left to flush
                continue

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, request: tuple[str, Any, Any, bool], stream: Iterable[Any] | None) -> tuple[str, Any]:
        if self._process.poll() is not None:
            raise self._crash(request[0])
        sender = None
        try:
            send(self._requests, request)
            if stream is not None:
                sender = _Sender(self._requests, stream)
                sender.start()
            answer: tuple[str, Any] = receive(self._answers)
            if sender is not None:
                sender.finish()
        except (EOFError, BrokenPipeError) as error:
            raise self._crash(request[0]) from error
        except (KeyboardInterrupt, SystemExit):
            self._process.kill()  # its answer would be taken for that of the next call
            raise
        return answer

    def _crash(self, function: str) -> WorkerCrashError:
        code = self._process.wait()
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return WorkerCrashError(f"the process for {function} {how}; its last words are in {self.log}")


class _Sender(threading.Thread):
    """Feeds a stream to the worker while the parent waits for the answer."""

    def __init__(self, pipe: BinaryIO, items: Iterable[Any]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._items = items
        self._error: BaseException | None = None
        self._answered = False

    def run(self) -> None:
        try:
            for item in self._items:
                if self._answered:
                    break
                send(self._pipe, ("item", item))
        except BrokenPipeError:
            return  # the worker died; whoever waits for its answer says so
        except BaseException as error:
            self._error = error
        try:
            send(self._pipe, ("end" if self._error is None else "broken", None))
        except BrokenPipeError:
            return

    def finish(self) -> None:
        """Stops sending, since the answer is there, and raises what reading the items raised."""
        self._answered = True
        self.join()
        if self._error is not None:
            raise self._error
