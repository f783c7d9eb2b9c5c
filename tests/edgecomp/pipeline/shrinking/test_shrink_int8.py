"""Without dead channels an INT8 file is smaller, and computes the same.

A channel that is always 0 adds nothing to sums of integers either. By the same ranges of activations the answers are
therefore the same to the last bit, wherever weight decay has worn down the weights for dead channels, as it does in any
network that was trained with it. Where those weights are as large as the others, they may have set a reader's scales;
then the scales that remain are finer. What `convert` observes on the smaller network differs in the last digits, as
sums of floats are added up in another order, so that there an answer may round the other way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.pruning.dead import remove_dead
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.litert.rewrite import rewrite
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite


def patterns(count: int, size: int, channels: int, seed: int = 0) -> np.ndarray:
    """Photos of large spots of all contrasts: float32 [count, size, size, channels] within -1 and 1."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, size // 12, size // 12, channels))
    contrast = rng.uniform(0.1, 1, (count, 1, 1, 1))
    return (contrast * coarse).repeat(12, axis=1).repeat(12, axis=2).astype(np.float32)


def mobile_network(size: int, *, dead_share: float, decayed: bool) -> Any:
    """MobileNet 0.25 for grey photos, with statistics of its own and many channels that are always 0.

    Args:
        size: of the photos.
        dead_share: of each 1x1 convolution's channels; of the depthwise ones' some more.
        decayed: whether the weights that read them are all but 0, as weight decay leaves them.
    """
    import keras

    keras.utils.set_random_seed(0)
    options = {"weights": None, "classes": 4, "classifier_activation": None, "dropout": 0.0}
    model = keras.applications.MobileNet((size, size, 1), alpha=0.25, **options)
    rng = np.random.default_rng(2)
    dead = np.zeros(8, bool)
    for index, norm in enumerate(model.layers):
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        reader = next(layer for layer in model.layers[index + 1 :] if hasattr(layer, "kernel"))
        dead = (
            dead | doomed(dead.size, dead_share / 2, rng)
            if "dw" in norm.name
            else doomed(norm.gamma.shape[0], dead_share, rng)
        )
        norm.gamma.assign(np.where(dead, 0.0, 1.0))
        norm.beta.assign(np.where(dead, -0.1, rng.normal(0.3, 0.3, dead.size)))
        norm.momentum = 0.0
        if decayed:
            kernel = np.array(reader.kernel)
            kernel[:, :, dead] *= 1e-20
            reader.kernel.assign(kernel)
    model(patterns(64, size, 1, seed=1), training=True)
    return model


def doomed(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """bool [count], a share of them true."""
    return np.isin(np.arange(count), rng.permutation(count)[: int(count * share)])


def int8_pair(export: Any, model: Any, samples: np.ndarray, **options: Any) -> tuple[bytes, bytes]:
    """INT8 files without dead channels and with them, by the ranges that were observed with them."""
    feeds = [{model.inputs[0].name: one[None]} for one in samples]
    smaller, _ = remove_dead(model, **options)
    less, whole = (rewrite(export(one)[1]) for one in (smaller, model))
    ranges = choose_ranges(observe(whole, threads=1, stream=feeds), "minmax", model=read_tflite(whole))
    places = dict(zip(float_tensors(less), float_tensors(whole), strict=True))
    same = {ours: ranges[theirs] for ours, theirs in places.items()}
    first, second = (
        quantize(file, scheme="int8", io="int8", ranges=one) for file, one in ((less, same), (whole, ranges))
    )
    return first, second


def float_tensors(file: bytes) -> list[str]:
    """What a float file computes with, input first: names of its tensors in the order of the operators."""
    graph = read_tflite(file).main
    made = [index for operator in graph.operators for index in operator.outputs]
    return [graph.tensors[index].name for index in (*graph.inputs, *made)]


def answers(file: bytes, samples: np.ndarray) -> np.ndarray:
    """The integers that a file gives: int8 [samples, ...]."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    step, zero = given["quantization"]
    rows = []
    for sample in samples:
        interpreter.set_tensor(given["index"], np.clip(np.rint(sample[None] / step + zero), -128, 127).astype(np.int8))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(result["index"]).copy())
    return np.concatenate(rows)


def weight_steps(file: bytes) -> list[np.ndarray]:
    """Of every convolution, the step of each output channel's weights."""
    graph = read_tflite(file).main
    weights = (graph.tensors[one.inputs[1]] for one in graph.operators if one.name == "CONV_2D")
    return [np.array(one.quantization.scale) for one in weights if one.quantization is not None]


def test_integer_answers_stay_to_the_last_bit(export: Any) -> None:
    samples = patterns(24, 48, 1)
    without, kept = int8_pair(export, mobile_network(48, dead_share=0.6, decayed=True), samples)
    assert len(without) < len(kept) / 2
    seen = np.concatenate([samples, patterns(24, 48, 1, seed=3)])
    ours, theirs = (answers(one, seen) for one in (without, kept))
    assert len(np.unique(theirs)) > 50
    np.testing.assert_array_equal(ours, theirs)


def test_weights_for_dead_channels_no_longer_make_the_steps_coarse(export: Any) -> None:
    without, kept = int8_pair(export, mobile_network(48, dead_share=0.6, decayed=False), patterns(24, 48, 1))
    ours, theirs = (weight_steps(one)[-1] for one in (without, kept))
    assert (ours <= theirs * (1 + 1e-6)).all()
    assert (ours < 0.999 * theirs).any()


def test_weights_that_round_to_zero_change_no_integer(export: Any) -> None:
    import keras

    keras.utils.set_random_seed(4)
    inputs = keras.Input((48, 48, 1), name="photo")
    value = keras.layers.Conv2D(16, 3, strides=2, activation="relu", name="first")(inputs)
    reader = keras.layers.Conv2D(8, 1, activation="relu", name="reader")
    outputs = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(reader(value)))
    model = keras.Model(inputs, outputs)
    kernel = np.array(reader.kernel)
    kernel[:, :, 4:12] = 0.4 / 127 * np.abs(kernel[:, :, 12:]).max(axis=(0, 1, 2))
    reader.kernel.assign(kernel)
    samples = patterns(24, 48, 1)
    without, kept = int8_pair(export, model, samples, quantized_zero=True)
    assert read_tflite(without).main.tensors[read_tflite(without).main.operators[0].outputs[0]].shape[-1] == 8
    np.testing.assert_array_equal(answers(without, samples), answers(kept, samples))


@pytest.mark.slow
def test_a_person_detector_becomes_half_as_large(quick: Callable[..., Any], tmp_path: Path) -> None:
    """At default effort, at the size and with about the share of dead channels of a public network."""
    samples = patterns(48, 96, 1)
    model = mobile_network(96, dead_share=0.6, decayed=True)
    without = quick(model, data=samples, preprocess="none", out=tmp_path / "without")
    kept = quick(model, data=samples, recipe=without.recipe, remove_dead=False, out=tmp_path / "kept")
    assert without.model.stat().st_size < kept.model.stat().st_size / 2
    assert without.report["sqnr_db"] > kept.report["sqnr_db"] - 1
