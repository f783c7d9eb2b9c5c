"""Operators that the quantizer does not know become integers all the same, and still compute what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.litert.rewrite import rewrite
from edgecomp.quantize.litert.stand_ins import STAND_INS, with_own_names, with_stand_ins
from edgecomp.quantize.ranges.choice import Ranges
from edgecomp.tflite import read_tflite

CONVERSIONS = {"QUANTIZE", "DEQUANTIZE"}
REWRITTEN = {"SQUARE": "MUL", "NEG": "MUL", "TILE": "BROADCAST_TO"}
PLACES = sorted(STAND_INS[8]) + sorted(REWRITTEN)


@dataclass(frozen=True)
class Case:
    file: bytes
    ranges: Ranges
    samples: list[dict[str, np.ndarray]]


def _operation(name: str, value: Any) -> Any:
    import keras
    from keras import layers, ops

    class Function(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return {"ABS": ops.abs, "EXP": ops.exp, "NEG": ops.negative, "SQUARE": ops.square}[name](x)

    if name in ("RELU6", "RELU_N1_TO_1"):  # on a convolution these would be fused into it
        value = layers.Conv2DTranspose(8, 2, strides=2)(value)
    layer = {
        "LEAKY_RELU": lambda: layers.LeakyReLU(0.2),
        "PRELU": lambda: layers.PReLU(shared_axes=[1, 2], alpha_initializer=keras.initializers.RandomUniform(0.1, 0.4)),
        "RELU6": lambda: layers.ReLU(6.0),
        "RELU_N1_TO_1": lambda: layers.Lambda(lambda x: ops.clip(x, -1.0, 1.0)),
        "ELU": lambda: layers.ELU(),
        "REDUCE_MAX": lambda: layers.GlobalMaxPooling2D(keepdims=True),
        "TILE": lambda: layers.UpSampling2D(2),
    }
    if name == "MINIMUM":
        return layers.Minimum()([value, layers.Conv2D(8, 1)(value)])
    return layer.get(name, Function)()(value)


@pytest.fixture(scope="session")
def case(export: Any, ranges_of: Any) -> Callable[[str], Case]:
    """A network with the operator between two convolutions; made once."""
    made: dict[str, Case] = {}

    def get(name: str) -> Case:
        if name not in made:
            import keras
            from keras import layers

            keras.utils.set_random_seed(0)
            inputs = keras.Input((8, 8, 3), name="x")
            value = _operation(name, layers.Conv2D(8, 3, padding="same")(inputs))
            _, file = export(keras.Model(inputs, layers.Conv2D(4, 1)(value)))
            rng = np.random.default_rng(1)
            samples = [{"x": 2 * rng.normal(size=(1, 8, 8, 3)).astype(np.float32)} for _ in range(12)]
            made[name] = Case(file, ranges_of(file, samples), samples)
        return made[name]

    return get


def operators(file: bytes) -> list[str]:
    return [one.name for one in read_tflite(file).main.operators]


def sqnr_db(one: Case, file: bytes, run: Any) -> float:
    pairs = [(run(one.file, sample), run(file, sample)) for sample in one.samples]
    signal = sum(float(np.square(wanted[name]).sum()) for wanted, _ in pairs for name in wanted)
    noise = sum(float(np.square(wanted[name] - got[name]).sum()) for wanted, got in pairs for name in wanted)
    return float(10 * np.log10(signal / noise))


@pytest.mark.parametrize("name", PLACES)
def test_every_operator_becomes_integers(name: str, case: Callable[[str], Case], run: Any) -> None:
    one = case(name)
    assert name in operators(one.file)
    file = quantize(one.file, scheme="int8", io="int8", ranges=one.ranges)
    model = read_tflite(file)
    assert not [tensor.name for tensor in model.main.tensors if tensor.dtype == "float32"]
    assert REWRITTEN.get(name, name) in operators(file)
    # The exponential's outputs spread over so many powers of e that 255 even steps serve them badly.
    floor = 20 if name == "EXP" else 28
    assert sqnr_db(one, quantize(one.file, scheme="int8", io="float", ranges=one.ranges), run) > floor


@pytest.mark.parametrize("name", [*STAND_INS[16], *REWRITTEN])
def test_int16_activations_have_their_operators(name: str, case: Callable[[str], Case], run: Any) -> None:
    one = case(name)
    file = quantize(one.file, scheme="int16x8", io="float", ranges=one.ranges)
    assert CONVERSIONS.isdisjoint(operators(file)[1:-1])
    assert sqnr_db(one, file, run) > 38


@pytest.mark.parametrize("name", sorted(set(STAND_INS[8]) - set(STAND_INS[16])))
def test_what_has_no_int16_kernel_stays_float(name: str, case: Callable[[str], Case], run: Any) -> None:
    one = case(name)
    file = quantize(one.file, scheme="int16x8", io="float", ranges=one.ranges)
    tensors = read_tflite(file).main.tensors
    found = next(operator for operator in read_tflite(file).main.operators if operator.name == name)
    assert tensors[found.outputs[0]].dtype == "float32"
    assert sqnr_db(one, file, run) > 38


@pytest.mark.parametrize("name", sorted(REWRITTEN))
def test_a_rewritten_file_computes_the_same_under_the_same_names(
    name: str, case: Callable[[str], Case], run: Any
) -> None:
    one = case(name)
    before, after = read_tflite(one.file), read_tflite(rewrite(one.file))
    assert name not in [operator.name for operator in after.main.operators]
    assert [tensor.name for tensor in after.main.tensors[: len(before.main.tensors)]] == [
        tensor.name for tensor in before.main.tensors
    ]
    for sample in one.samples:
        wanted, got = run(one.file, sample), run(rewrite(one.file), sample)
        for output, values in wanted.items():
            np.testing.assert_array_equal(got[output], values)


def test_a_tile_that_repeats_more_than_one_value_stays(export: Any, run: Any) -> None:
    import keras
    from keras import layers, ops

    inputs = keras.Input((3,), name="x")
    value = layers.Lambda(lambda x: ops.tile(x, [1, 2]))(inputs)
    _, file = export(keras.Model(inputs, layers.Activation("tanh")(value)))
    assert "TILE" in operators(file)
    assert rewrite(file) == file


def test_what_needs_no_rewriting_is_left_untouched(network: Callable[[str], Any]) -> None:
    file = network("conv").file
    assert rewrite(file) is file
    assert with_stand_ins(file, 8) == (file, {})
    assert with_own_names(file, {}) is file


@pytest.mark.parametrize("name", sorted(STAND_INS[8]))
def test_own_names_come_back(name: str, case: Callable[[str], Case], run: Any) -> None:
    one = case(name)
    disguised, own = with_stand_ins(one.file, 8)
    assert name not in operators(disguised)
    restored = with_own_names(disguised, own)
    assert operators(restored) == operators(one.file)
    for output, values in run(one.file, one.samples[0]).items():
        np.testing.assert_array_equal(run(restored, one.samples[0])[output], values)


@pytest.mark.parametrize(("scheme", "name"), [("int8", "DIV"), ("int8", "SQRT"), ("dynamic", "TRANSPOSE_CONV")])
def test_what_old_runtimes_have_no_kernel_for_stays_float(scheme: Any, name: str, export: Any, ranges_of: Any) -> None:
    import keras
    from keras import layers, ops

    inputs = keras.Input((8, 8, 3), name="x")
    value = layers.Conv2D(4, 3, activation="relu")(inputs)
    if name == "TRANSPOSE_CONV":
        value = layers.Conv2DTranspose(4, 2)(value)
    else:
        value = layers.Lambda(ops.sqrt if name == "SQRT" else lambda x: x / (x + 1.0))(value)
    _, file = export(keras.Model(inputs, layers.Conv2D(4, 1)(value)))
    samples = [{"x": np.random.default_rng(2).normal(size=(1, 8, 8, 3)).astype(np.float32)}]
    made = read_tflite(quantize(file, scheme=scheme, io="float", ranges=ranges_of(file, samples)))
    found = next(operator for operator in made.main.operators if operator.name == name)
    assert {tensor.dtype for tensor in made.main.tensors_of(found.inputs)} <= {"float32", "int32"}
