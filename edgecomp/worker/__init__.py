"""A child process for native code, so that a crash there is an error message here."""

from .parent import Worker, WorkerCrash, WorkerFault

__all__ = ["Worker", "WorkerCrash", "WorkerFault"]
