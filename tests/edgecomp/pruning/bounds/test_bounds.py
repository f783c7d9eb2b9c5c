"""Interval arithmetic by itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from edgecomp.pruning.bounds.elementwise import LOWEST_AT, MONOTONE, through_function
from edgecomp.pruning.bounds.interval import Bounds, multiply, point, reciprocal, tap_sums, unbounded, weighted_sum
from edgecomp.pruning.bounds.windows import reads_padding

INF = np.inf


def bounds(*ends: tuple[float, float]) -> Bounds:
    low, high = np.array(ends, np.float64).T
    return Bounds(low, high)


def test_each_tap_takes_the_end_that_is_worst_for_it() -> None:
    kernel = np.array([[[2.0]], [[-3.0]]])  # two taps, one input, one output
    found = weighted_sum(bounds((1.0, 4.0)), tap_sums(kernel))
    assert (found.low, found.high) == (2 * 1 - 3 * 4, 2 * 4 - 3 * 1)


def test_constants_stay_constant_exactly() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 7, 5))
    values = rng.normal(size=7)
    found = weighted_sum(point(values), tap_sums(kernel))
    assert found.constant.all()
    np.testing.assert_allclose(found.low, values @ kernel.sum(axis=(0, 1)))


def test_unbounded_inputs_spoil_only_what_has_weights_for_them() -> None:
    kernel = np.array([[1.0, 0.0, -1.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    found = weighted_sum(bounds((0.0, INF), (-1.0, 1.0)), tap_sums(kernel))
    assert found.low.tolist() == [-1.0, -1.0, -INF, 0.0]
    assert found.high.tolist() == [INF, 1.0, 1.0, 0.0]


def test_zero_times_anything_is_zero() -> None:
    found = multiply(unbounded(2), point(np.array([0.0, 2.0])))
    assert found.low.tolist() == [0.0, -INF]
    assert found.high.tolist() == [0.0, INF]


def test_one_over_an_interval_with_zero_is_unbounded() -> None:
    found = reciprocal(bounds((2.0, 4.0), (-1.0, 1.0), (-4.0, -2.0), (1.0, INF)))
    assert found.low.tolist() == [0.25, -INF, -0.5, 0.0]
    assert found.high.tolist() == [0.5, INF, -0.25, 1.0]


@pytest.mark.parametrize("name", [*MONOTONE, *LOWEST_AT, "softmax"])
def test_functions_stay_within_their_bounds(name: str) -> None:
    import keras

    function = getattr(keras.ops, name, None) or keras.activations.get(name)
    for low, high in ((-4.0, -2.0), (-3.0, 0.5), (-0.3, 2.0), (1.0, 9.0), (-9.0, 9.0), (-1.0, -0.5)):
        found = through_function(function, bounds((low, high)))
        values = np.linspace(low, high, 4001, dtype=np.float32)[None]
        seen = np.asarray(function(values))
        assert found.low[0] - 1e-5 <= seen.min()
        assert seen.max() <= found.high[0] + 1e-5
        if name != "softmax":
            assert found.low[0] > seen.min() - 1e-3
            assert found.high[0] < seen.max() + 1e-3


def test_functions_of_unbounded_values() -> None:
    import keras

    limits = {"relu": (0, INF), "relu6": (0, 6), "sigmoid": (0, 1), "tanh": (-1, 1), "silu": (-0.2784646, INF)}
    for name, (low, high) in limits.items():
        found = through_function(keras.activations.get(name), unbounded(1))
        np.testing.assert_allclose([found.low[0], found.high[0]], [low, high], atol=1e-5)


def test_a_users_function_may_do_anything() -> None:
    def relu(x: np.ndarray) -> np.ndarray:
        return -x

    found = through_function(relu, bounds((1.0, 2.0)))
    assert found.low[0] == -INF


@pytest.mark.parametrize(
    ("padding", "size", "kernel", "stride", "expected"),
    [
        ("valid", 8, 3, 1, False),
        ("same", 8, 3, 1, True),
        ("same", 8, 1, 2, False),
        ("same", 8, 2, 2, False),
        ("same", 7, 2, 2, True),
        ("same", 9, 3, 3, False),
        ("same", None, 3, 3, True),
        ("causal", 9, 3, 3, True),
    ],
)
def test_which_windows_reach_beyond_the_input(
    padding: str, size: int | None, kernel: int, stride: int, expected: bool
) -> None:
    layer = SimpleNamespace(padding=padding, kernel_size=(kernel,), strides=(stride,), dilation_rate=(1,))
    assert reads_padding(layer, (None, size, 3)) is expected
