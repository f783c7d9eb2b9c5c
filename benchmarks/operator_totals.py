"""Whether the operators' times come to what an inference takes, on a network of 65 operators.

python -m benchmarks operator_totals, with nothing else running
"""

from __future__ import annotations

from pathlib import Path

from .networks import float_tflite, quantized

GOAL = 0.10


def measure(folder: Path) -> list[str]:
    """Times a float and an int8 file by operator, and each by `edgecomp-runtime bench` on its own.

    Returns:
        lines for people to read.
    """
    from edgecomp_runtime import Model
    from edgecomp_runtime.measure.benchmark import benchmark
    from edgecomp_runtime.measure.operators import profile_operators

    file = float_tflite()
    lines = []
    for name, content in (("float32", file), ("int8", quantized(file))):
        profile = profile_operators(content)
        alone = benchmark(Model.load(content))
        below = -sum(one.ms for one in profile.operators if one.ms < 0)
        reasons = "; ".join(profile.reasons + alone.reasons)
        lines.append(
            f"{name}: {len(profile.operators)} operators and the call come to {profile.total_ms:.3f} ms, "
            f"the whole takes {profile.whole_ms:.3f} ms beside them and {alone.latency_ms.p50:.3f} ms (p50) by itself, "
            f"{profile.total_ms / alone.latency_ms.p50 - 1:+.1%} (goal: within {GOAL:.0%}); operators below nothing: "
            f"{below / profile.whole_ms:.1%}; {profile.seconds:.0f} s; {reasons or 'valid'}"
        )
    return lines
