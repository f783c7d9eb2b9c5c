"""What is counted about a model's answers; what the device counts too, by the device package's own definitions."""

from edgecomp_runtime.evaluate.metrics import Fidelity, Metric, Outputs, Score, answer, sqnr_db, wilson_interval

__all__ = ["Fidelity", "Metric", "Outputs", "Score", "answer", "sqnr_db", "wilson_interval"]
