"""What each unit of a network loses to int8, on networks in which one unit was made the culprit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.fidelity import closeness
from edgecomp.quantize.litert.apply import QuantizeError, quantize
from edgecomp.quantize.precision.experiment import Experiment, NumberFormat, prepare, run_outputs
from edgecomp.quantize.precision.screening import screen, suspects
from edgecomp.quantize.precision.sensitivity import Sensitivity, measure_alone, measure_edges, measure_unit, worst_first
from edgecomp.quantize.precision.units import CONVERSIONS, find_units, integer_units
from edgecomp.tflite import layer_of, read_tflite

Feeds = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def experiments(
    export: Any, network: Callable[[str], Any], ranges_of: Any
) -> Callable[[str], tuple[Experiment, bytes]]:
    """A network prepared for measuring, and its all-int8 file."""

    def made(name: str) -> tuple[Experiment, bytes]:
        net = network(name)
        return prepare(net.file, ranges_of(net.file, net.samples), threads=1, samples=net.samples[:12], classes=[True])

    return made


def layer(name: str) -> str | None:
    return layer_of(name)


def test_activation_functions_and_moves_belong_to_the_operator_before_them(export: Any) -> None:
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 4))
    one = layers.Conv2D(4, 3, padding="same", activation="silu", name="one")(inputs)
    two = layers.DepthwiseConv2D(3, padding="same", activation="hard_silu", name="two")(one)
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(two))
    value = layers.Multiply()([two, layers.Reshape((1, 1, 4))(gate)])
    _, file = export(keras.Model(inputs, layers.Add()([value, one])))
    model = read_tflite(file)
    units = find_units(model)
    assert [unit.op.split("+")[0] for unit in units] == [
        *("CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED", "MUL", "ADD")
    ]
    assert units[0].op == "CONV_2D+LOGISTIC+MUL"
    assert units[3].op.startswith("FULLY_CONNECTED+LOGISTIC")
    assert sorted(index for unit in units for index in unit.operators) == list(range(len(model.main.operators)))
    for unit in units:
        computed = {model.main.tensors[index].name for one in unit.operators for index in _outputs(model, one)}
        assert computed == set(unit.tensors)


def _outputs(model: Any, index: int) -> tuple[int, ...]:
    return tuple(model.main.operators[index].outputs)


def test_operators_without_an_integer_form_are_no_units_to_measure(network: Any, ranges_of: Any) -> None:
    net = network("recurrent")
    model = read_tflite(net.file)
    quantized = quantize(net.file, scheme="int8", io="int8", ranges=ranges_of(net.file, net.samples))
    units = find_units(model)
    left = integer_units(units, read_tflite(quantized))
    assert {"WHILE"} & {name for unit in units for name in unit.op.split("+")}
    assert not {"WHILE"} & {name for unit in left for name in unit.op.split("+")}
    assert left


@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling"])
def test_alone_really_is_the_only_one_and_without_the_only_one_left_out(name: str, experiments: Any) -> None:
    experiment, quantized = experiments(name)
    operators = len(read_tflite(quantized).main.operators)
    for unit in experiment.units:
        alone = read_tflite(experiment.variant([one for one in experiment.units if one != unit], io="float"))
        assert _integer_tensors(alone) == set(unit.operators)
        without = read_tflite(experiment.variant([unit]))
        everything = _integer_tensors(read_tflite(quantized))
        assert _integer_tensors(without) == everything - set(unit.operators)
        assert len(without.main.operators) > operators


def _integer_tensors(model: Any) -> set[int]:
    """Places, among the operators that compute, of those that give integers."""
    computing = [one for one in model.main.operators if one.name not in CONVERSIONS]
    return {
        place
        for place, one in enumerate(computing)
        if any(model.main.tensors[index].dtype == "int8" for index in one.outputs)
    }


def ranked(made: Any) -> tuple[Sensitivity, ...]:
    """All units of a network, the worst first."""
    experiment, _ = prepare(made.file, made.ranges, threads=1, samples=made.samples, classes=[False])
    return worst_first([measure_unit(experiment, unit) for unit in experiment.units])


def test_the_culprit_comes_first_in_both_rankings(culprit: Any) -> None:
    measured = ranked(culprit)
    assert layer(measured[0].unit.name) == "culprit"
    assert min(measured, key=lambda one: one.without.error) is measured[0]
    assert measured[0].alone.decibels < min(one.alone.decibels for one in measured[1:]) - 10
    everything = quantize(culprit.file, scheme="int8", io="int8", ranges=culprit.ranges)
    exact, given = (run_outputs(file, threads=1, samples=culprit.samples) for file in (culprit.file, everything))
    assert measured[0].without.decibels > closeness(exact, given, classes=[False]).decibels + 10


def test_screening_finds_the_culprit_without_measuring_the_rest(culprit: Any) -> None:
    experiment, quantized = prepare(culprit.file, culprit.ranges, threads=1, samples=culprit.samples, classes=[False])
    growth = screen(culprit.file, quantized, threads=1, samples=culprit.samples)
    assert layer(max(growth, key=lambda name: growth[name])) == "culprit"
    found = suspects(experiment, quantized, 1)
    # The culprit, and the one that takes what it gives.
    assert [layer(unit.name) for unit in found] == ["culprit", "behind"]
    assert suspects(experiment, quantized, 99) == experiment.units


def test_a_tensor_that_int8_cannot_hold_shows_on_both_of_its_sides(torn: Any) -> None:
    measured = ranked(torn)
    assert {layer(one.unit.name) for one in measured[:2]} == {"first", "second"}


def test_input_that_int8_cannot_hold_is_told_from_operators(export: Any, ranges_of: Any) -> None:
    """One column a thousand times the other, which decides: no operator at float brings it back."""
    import keras
    from keras import layers

    inputs = keras.Input((2,), name="row")
    model = keras.Model(inputs, layers.Dense(2, name="difference")(inputs))
    model.layers[1].set_weights([np.array([[1e-4, 0], [1, -1]], np.float32), np.zeros(2, np.float32)])
    _, file = export(model)
    rng = np.random.default_rng(0)
    samples = [{"row": (rng.normal(size=(1, 2)) * [1000, 1]).astype(np.float32)} for _ in range(20)]
    ranges = ranges_of(file, samples)
    experiment, _ = prepare(file, ranges, threads=1, samples=samples, classes=[False])
    assert measure_edges(experiment).decibels < 10
    floating = NumberFormat(io="float")
    free, _ = prepare(file, ranges, threads=1, samples=samples, classes=[False], numbers=floating)
    assert measure_edges(free).error == 0


def test_divergence_and_agreement_are_those_of_the_probabilities(experiments: Any) -> None:
    experiment, quantized = experiments("conv")
    score = experiment.score(quantized)
    exact, given = (
        np.concatenate([one[0] for one in run_outputs(file, threads=1, samples=experiment.samples)]).astype(np.float64)
        for file in (experiment.model, quantized)
    )
    exact, given = (np.maximum(one, 1e-7) / np.maximum(one, 1e-7).sum(axis=1, keepdims=True) for one in (exact, given))
    assert score.divergence == pytest.approx(np.mean(np.sum(exact * np.log(exact / given), axis=1)), rel=1e-4, abs=1e-9)
    assert score.agreement == np.mean(exact.argmax(axis=1) == given.argmax(axis=1))
    assert experiment.score(experiment.model).divergence == pytest.approx(0, abs=1e-9)
    assert experiment.score(experiment.model).error == 0


def test_values_have_no_divergence_and_no_agreement(culprit: Any) -> None:
    experiment, quantized = prepare(culprit.file, culprit.ranges, threads=1, samples=culprit.samples, classes=[False])
    score = experiment.score(quantized)
    assert score.divergence is None
    assert score.agreement is None


def test_two_runs_give_the_same_figures(experiments: Any) -> None:
    experiment, _ = experiments("dense")
    again, _ = experiments("dense")
    one, other = ([measure_alone(each, unit) for unit in each.units] for each in (experiment, again))
    assert one == other


def test_what_does_not_run_is_told(culprit: Any) -> None:
    with pytest.raises(QuantizeError, match="does not load"):
        run_outputs(b"\x1c\x00\x00\x00TFL3" + bytes(60), threads=1, samples=culprit.samples)
