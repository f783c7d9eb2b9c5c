"""A file gives the same integers on every CPU with LiteRT, and nearly the same with the other kernels it may meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow

NETWORKS = ("convolutions", "separable", "squeezed", "autoencoder", "rewritten")
INTEGERS = ("int8", "int4", "int16x8")
FLOATS = ("dynamic", "dynamic4", "float16")

# Largest difference of an output, in its quantization steps, between XNNPACK and the plain kernels, those of LiteRT
# 2.3.0 or of tflite-runtime 2.14.0. Seen over 32 samples that use all the range of the input: 1 for int8 and int4 (5 in
# "rewritten", whose LEAKY_RELU rounds differently and sits before five more layers), 2 for int16x8.
STEPS = {"int8": 2, "int4": 2, "int16x8": 4}
STEPS_REWRITTEN = {"int8": 6, "int4": 6, "int16x8": 4}
# Likewise for files with float outputs, as a share of the largest output. Where activations are quantized on the fly,
# kernels choose their scales differently; seen: 0.012, 0.045 and 4e-7.
SHARES = {"dynamic": 0.03, "dynamic4": 0.08, "float16": 1e-5}


@pytest.fixture
def run_with(request: Any) -> Callable[..., Any]:
    """Runs a file with kernels by name."""

    def run(kernels: str, name: str) -> Any:
        if kernels == "plain":
            return request.getfixturevalue("run_here")(name, delegate=False)
        return request.getfixturevalue("tflite_runtime")[name]

    return run


def largest_difference(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    return max(
        float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max()) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_litert_on_arm_gives_the_very_same_int8(network: str, arm: Any, run_here: Callable[..., Any]) -> None:
    here, there = run_here(f"{network}-int8"), arm[f"{network}-int8"]
    assert there.partitions == here.partitions > 0
    for ours, theirs in zip(here.outputs, there.outputs, strict=True):
        assert len(np.unique(ours)) > 3
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("scheme", ["int4", "int16x8"])
@pytest.mark.parametrize("network", NETWORKS)
def test_on_arm_schemes_that_run_on_plain_kernels_differ_by_few_steps(
    network: str, scheme: str, arm: Any, run_here: Callable[..., Any]
) -> None:
    here, there = run_here(f"{network}-{scheme}"), arm[f"{network}-{scheme}"]
    assert there.partitions == here.partitions
    limits = STEPS_REWRITTEN if network == "rewritten" else STEPS
    assert largest_difference(here.outputs, there.outputs) <= limits[scheme]


@pytest.mark.parametrize("kernels", ["plain", "tflite-runtime"])
@pytest.mark.parametrize("scheme", INTEGERS)
@pytest.mark.parametrize("network", NETWORKS)
def test_other_kernels_differ_by_few_steps(
    network: str, scheme: str, kernels: str, run_with: Callable[..., Any], run_here: Callable[..., Any]
) -> None:
    name = f"{network}-{scheme}"
    other = run_with(kernels, name)
    limits = STEPS_REWRITTEN if network == "rewritten" else STEPS
    assert largest_difference(run_here(name).outputs, other.outputs) <= limits[scheme]


@pytest.mark.parametrize("kernels", ["plain", "tflite-runtime"])
@pytest.mark.parametrize("scheme", FLOATS)
@pytest.mark.parametrize("network", NETWORKS)
def test_float_outputs_of_other_kernels_differ_by_little(
    network: str, scheme: str, kernels: str, run_with: Callable[..., Any], run_here: Callable[..., Any]
) -> None:
    name = f"{network}-{scheme}"
    other, wanted = run_with(kernels, name), run_here(name).outputs
    largest = max(float(np.abs(values).max()) for values in wanted)
    assert largest_difference(wanted, other.outputs) <= SHARES[scheme] * largest
