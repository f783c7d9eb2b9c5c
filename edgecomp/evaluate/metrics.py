"""What is counted about a model's answers: by the device package's own definitions, so that figures compare."""

from edgecomp_runtime.evaluate.metrics import Fidelity, Metric, Outputs, Score, answer, sqnr_db, wilson_interval

__all__ = ["Fidelity", "Metric", "Outputs", "Score", "answer", "sqnr_db", "wilson_interval"]
