"""What shares integers, what training may move, and files that do not belong together."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from edgecomp.errors import InputError
from edgecomp.qat.plan import plan_qat
from edgecomp.qat.steps import Bias, Fixed, QatPlan, Read, Step, Weights
from edgecomp.quantize.litert.apply import quantize


def _step(plan: QatPlan, name: str) -> Step:
    return next(one for one in plan.steps if one.operator.name == name)


def _joined() -> Any:
    """Two branches that meet in a concatenation; the second has far smaller values and is read elsewhere too."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3), name="photo")
    one = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    other = layers.Conv2D(4, 3, padding="same", activation="relu")(one)
    other = layers.Conv2D(4, 1, activation="relu", kernel_initializer=keras.initializers.RandomNormal(0, 0.1))(other)
    both = layers.MaxPooling2D(2)(layers.Concatenate()([one, other]))
    value = layers.Concatenate()([layers.Flatten()(both), layers.Flatten()(layers.Conv2D(4, 3)(other))])
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(value))


@pytest.fixture(scope="module")
def joined(prepare: Any) -> Any:
    return prepare(_joined())


def test_what_a_concatenation_joins_moves_together(joined: Any) -> None:
    plan = joined.plan
    concatenation = _step(plan, "CONCATENATION")
    written = {step.operator.outputs[0]: step.grids[0] for step in plan.steps}
    read = [(one.grids or (written[one.tensor],))[-1] for one in concatenation.operands if isinstance(one, Read)]
    assert len(set(read)) == 1
    assert concatenation.grids == (None,)  # nothing is left to round
    assert _step(plan, "MAX_POOL_2D").grids == (None,)


def test_a_value_with_two_readers_is_rounded_again_for_one(joined: Any) -> None:
    plan = joined.plan
    assert any(one.grids for step in plan.steps for one in step.operands if isinstance(one, Read))


def test_inputs_and_what_kernels_fix_stay(joined: Any) -> None:
    plan = joined.plan
    (scores,) = _step(plan, "SOFTMAX").grids
    (entered,) = plan.input_grids
    assert scores is not None
    assert entered is not None
    assert not plan.grids[scores].trained
    assert (plan.grids[scores].low, plan.grids[scores].high) == pytest.approx((0, 255 / 256))
    assert not plan.grids[entered].trained
    assert sum(grid.trained for grid in plan.grids) >= 3


def test_weights_have_a_scale_a_channel_and_a_bias_beside_them(joined: Any) -> None:
    convolution = _step(joined.plan, "CONV_2D")
    data, weights, bias = convolution.operands
    assert isinstance(data, Read)
    assert isinstance(weights, Weights)
    assert isinstance(bias, (Bias, Fixed))
    assert (weights.bits, weights.axis) == (8, 0)
    assert weights.data_grid is not None


def test_zeros_that_layers_without_bias_share_are_not_trained(prepare: Any) -> None:
    inputs = keras.Input((6,), name="row")
    value = layers.Conv1D(6, 1, use_bias=False, activation="relu")(layers.Reshape((6, 1))(inputs))
    value = layers.Conv1D(6, 1, use_bias=False, activation="relu")(value)
    plan = prepare(keras.Model(inputs, value)).plan
    biases = [step.operands[2] for step in plan.steps if step.operator.name == "CONV_2D"]
    assert all(isinstance(one, Fixed) for one in biases)
    assert sum(tensor.shape == (6,) for tensor in plan.trained_tensors()) == 0


def test_operators_that_stay_float_are_not_rounded(joined: Any) -> None:
    name = joined.plan.network.main.tensors[_step(joined.plan, "CONV_2D").operator.outputs[0]].name
    plan = joined.with_options(float_operators=[name]).plan
    convolution = _step(plan, "CONV_2D")
    assert convolution.grids == (None,)
    assert [one.bits for one in convolution.operands if isinstance(one, Weights)] == [None]


def test_files_of_two_networks_are_refused(prepare: Any, joined: Any) -> None:
    inputs = keras.Input((8, 8, 3), name="photo")
    other = prepare(keras.Model(inputs, layers.Dense(3)(layers.Flatten()(inputs))))
    with pytest.raises(InputError, match="not made from this float one"):
        plan_qat(joined.float_file, other.int8_file)


def test_a_file_without_integer_activations_is_refused(joined: Any) -> None:
    for scheme in ("float32", "dynamic"):
        with pytest.raises(InputError, match="no integer activations"):
            plan_qat(joined.float_file, quantize(joined.float_file, scheme=scheme, io="float"))


def test_integers_of_16_bits_are_planned_too(joined: Any) -> None:
    plan = joined.with_options(scheme="int16x8").plan
    assert {grid.bits for grid in plan.grids} == {16}
    assert all(np.isclose(grid.low, -grid.high, rtol=1e-3) for grid in plan.grids if grid.trained)
