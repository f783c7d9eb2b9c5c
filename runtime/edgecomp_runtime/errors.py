"""Errors that both packages raise on purpose: one or two sentences that say what was wrong, where, and what to do."""

from __future__ import annotations


class EdgecompError(Exception):
    """Base of every error raised on purpose. `exit_code` is what a command ends with when it reaches the top."""

    exit_code = 1


class InputError(EdgecompError):
    """Bad input or usage: a file, an option or data that cannot be used as given."""

    exit_code = 2


class BudgetError(EdgecompError):
    """A budget (of accuracy, latency or size) cannot be met; nothing is shipped or installed as if it were."""

    exit_code = 3


class MeasurementError(EdgecompError):
    """A measurement that is not valid."""

    exit_code = 4


class IntegrityError(EdgecompError):
    """A file is not what its manifest or signature says."""

    exit_code = 5
