"""A child process for native code, so that a crash there is an error message here."""

from .parent import Worker, WorkerCrashError, WorkerError

__all__ = ["Worker", "WorkerCrashError", "WorkerError"]
