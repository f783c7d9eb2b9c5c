"""The typed errors of edgecomp. Each carries the exit code its command ends with; see the runtime's `errors` module."""

from edgecomp_runtime.errors import BudgetError, EdgecompError, InputError, IntegrityError, MeasurementError

__all__ = ["BudgetError", "EdgecompError", "InputError", "IntegrityError", "MeasurementError"]
