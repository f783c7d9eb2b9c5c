"""Inputs of another scale, one damaged layer, photos seen before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.contract import Contract
from PIL import Image

from edgecomp.evaluate.chunks import Chunk
from edgecomp.evaluate.diagnosis.damaged_layer import damaged_words, find_damaged
from edgecomp.evaluate.diagnosis.input_range import InputWatch, input_steps, mismatch_words, representable_inputs
from edgecomp.evaluate.diagnosis.lost_columns import lost_columns_words
from edgecomp.evaluate.diagnosis.near_duplicates import near_duplicates, near_duplicates_words, photo_prints
from edgecomp.evaluate.layers import LayerError, layer_errors
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite

RAW, UNIT, SIGNED = (-0.5, 255.0), (0.0, 1.0), (-1.0, 1.0)


def int8(net: Any, io: str = "int8", scale: float = 1.0) -> bytes:
    samples = [{name: scale * value for name, value in one.items()} for one in net.samples]
    ranges = choose_ranges(observe(net.file, threads=1, stream=samples), "minmax", model=read_tflite(net.file))
    return quantize(net.file, scheme="int8", io=io, ranges=ranges)  # type: ignore[arg-type]


def watched(representable: tuple[float, float], low: float, high: float) -> list[Any]:
    watch = InputWatch({"x": representable})
    rng = np.random.default_rng(0)
    chunks = (Chunk({"x": rng.uniform(low, high, (4, 50)).astype(np.float32)}, [None] * 4) for _ in range(10))
    list(watch.watching(chunks, Contract((), ())))
    return watch.mismatches()


@pytest.mark.parametrize(
    ("calibrated", "fed", "said"),
    [
        (UNIT, (0, 255), "calibration with 0..1 and evaluation with 0..255"),
        (RAW, (0, 1), "calibration with 0..255 (none) and evaluation with 0..1"),
        (UNIT, (-1, 1), "calibration with 0..1 and evaluation with -1..1"),
        (SIGNED, (-124, 151), "evaluation with imagenet-caffe"),
    ],
)
def test_another_scale_is_found_and_named(calibrated: tuple[float, float], fed: tuple[float, float], said: str) -> None:
    (found,) = watched(calibrated, *fed)
    assert said in mismatch_words(found)


@pytest.mark.parametrize(
    ("calibrated", "fed"), [(UNIT, (0, 1)), (RAW, (10, 240)), (SIGNED, (-1.05, 1.05)), (UNIT, (0.2, 0.5))]
)
def test_the_same_scale_is_no_mismatch(calibrated: tuple[float, float], fed: tuple[float, float]) -> None:
    assert watched(calibrated, *fed) == []


def table_watched(*spans: float, step: float) -> Any:
    rng = np.random.default_rng(0)
    watch = InputWatch({"row": (-128 * step, 127 * step)}, {"row": step})
    columns = np.stack([rng.uniform(-span / 2, span / 2, 100) for span in spans], axis=1).astype(np.float32)
    chunks = (Chunk({"row": columns[start : start + 30]}, [None] * 30) for start in range(0, 90, 30))
    list(watch.watching(chunks, Contract((), ())))
    return watch.lost_columns()


def test_columns_that_hardly_span_a_step_beside_large_ones_are_named() -> None:
    (found,) = table_watched(2000, 1.0, 500, 12.0, 0.0, step=8.0)
    assert (found.places, found.columns) == ((1, 3), 5)
    assert "Input row loses 2 of its 5 columns" in lost_columns_words(found)
    assert "columns 1, 3 span 1" in lost_columns_words(found)


def test_columns_of_like_size_lose_nothing() -> None:
    assert table_watched(2000, 900, 40, 0.0, step=8.0) == []


@pytest.mark.parametrize("io", ["int8", "float"])
def test_a_step_is_that_of_the_quantized_input(network: Callable[[str], Any], io: str) -> None:
    model = read_tflite(int8(network("dense"), io))
    low, high = representable_inputs(model)["row"]
    assert input_steps(model)["row"] == pytest.approx((high - low) / 255)
    assert input_steps(read_tflite(network("dense").file)) == {}


@pytest.mark.parametrize("io", ["int8", "float"])
def test_what_an_input_can_hold_is_read_off_the_file(network: Callable[[str], Any], io: str) -> None:
    net = network("conv")
    low, high = representable_inputs(read_tflite(int8(net, io)))["photo"]
    values = np.concatenate([one["photo"] for one in net.samples])
    assert low == pytest.approx(values.min(), abs=0.1)
    assert high == pytest.approx(values.max(), abs=0.1)
    assert representable_inputs(read_tflite(net.file)) == {}


def shuffled(file: bytes, name: str) -> bytes:
    """The file with the weights of one operator in another order."""
    graph = read_tflite(file).main
    operator = next(one for one in graph.operators if name in graph.tensors[one.outputs[0]].name)
    raw = bytes(graph.tensors[operator.inputs[1]].buffer)
    assert file.count(raw) == 1
    mixed = np.random.default_rng(1).permutation(np.frombuffer(raw, np.int8)).tobytes()
    return file.replace(raw, mixed)


@pytest.mark.parametrize("layer", ["stem", "depthwise", "pointwise", "scores"])
def test_the_layer_with_shuffled_weights_is_named(network: Callable[[str], Any], layer: str) -> None:
    net = network("conv")
    errors = layer_errors(net.file, shuffled(int8(net), layer), threads=1, samples=net.samples[:8])
    found = find_damaged(errors)
    assert found is not None
    assert layer in found.tensor
    assert f"Layer {layer} ruins the answers" in damaged_words(found, layer)
    assert "weights are probably damaged" in damaged_words(found)


def test_a_sound_file_has_no_damaged_layer(network: Callable[[str], Any]) -> None:
    net = network("conv")
    assert find_damaged(layer_errors(net.file, int8(net), threads=1, samples=net.samples[:8])) is None


def test_clipping_is_told_from_damage_and_a_bad_file_from_one_bad_layer() -> None:
    def error(own: float | None, clipped: float = 0.0) -> LayerError:
        return LayerError(None, own, None, None, clipped)

    found = find_damaged({"a": error(30.0), "b": error(None), "c": error(2.0, 0.3), "d": error(-4.0)})
    assert found is not None
    assert found.tensor == "c"
    assert "30% of its values are clipped" in damaged_words(found)
    assert find_damaged({"a": error(9.0), "b": error(2.0)}) is None
    assert find_damaged({}) is None


def scene(seed: int, side: int = 40) -> np.ndarray:
    """Smooth random colours, uint8 [side, side, 3]."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def test_copies_that_were_scaled_brightened_or_made_noisy_are_found() -> None:
    rng = np.random.default_rng(5)
    known = photo_prints((f"known {seed}", scene(seed)) for seed in range(30))
    brighter = np.clip(scene(1).astype(int) + 12, 0, 255).astype(np.uint8)
    noisy = np.clip(scene(2) + rng.normal(0, 4, (40, 40, 3)), 0, 255).astype(np.uint8)
    evaluated = [("same", scene(0)), ("brighter", brighter), ("noisy", noisy), ("smaller", scene(3, 32))]
    others = [(f"new {seed}", scene(seed)) for seed in range(100, 130)]
    found = near_duplicates(known, photo_prints([*evaluated, *others]))
    assert (found.shared, found.evaluation, found.first) == (4, 34, ("known 0", "same"))
    said = near_duplicates_words(found, "train", "test")
    assert said is not None
    assert "4 of 34 evaluation photos are also in train" in said


def test_plain_photos_are_not_taken_for_each_other() -> None:
    plain = photo_prints((str(grey), np.full((20, 20, 1), grey, np.uint8)) for grey in range(0, 200, 20))
    found = near_duplicates(plain, plain)
    assert found.shared == 0
    assert near_duplicates_words(found, "a", "b") is None
