"""Maps of a network that is known to look at one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.evaluate.attention.occlusion import occlusion_maps
from edgecomp.evaluate.attention.verdict import likeness
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite

SIDE = 32
BLOB = 8


@pytest.fixture(scope="module")
def corner(export: Any) -> Any:
    """Says which half a bright square is in, by a convolution and the means of the halves: (file, contract)."""
    import keras
    from keras import layers

    inputs = keras.Input((SIDE, SIDE, 3), name="photo")
    bright = layers.Conv2D(1, 3, padding="same", activation="relu", use_bias=False, name="bright")
    halves = layers.AveragePooling2D((SIDE, SIDE // 2), name="halves")
    scores = layers.Softmax(name="classes")
    model = keras.Model(inputs, scores(16 * layers.Flatten()(halves(bright(inputs)))))
    model.get_layer("bright").set_weights([np.full((3, 3, 3, 1), 1 / 27, np.float32)])
    opened, file = export(model)
    contract = build_contract(parse_preprocess("none"), opened.inputs, opened.outputs, images=False)
    return file, contract


def photo(top: int, left: int) -> np.ndarray:
    pixels = np.zeros((1, SIDE, SIDE, 3), np.float32)
    pixels[:, top : top + BLOB, left : left + BLOB] = 1
    return pixels


PLACES = [(0, 0), (8, 20), (20, 4), (16, 24)]
SAMPLES = [{"photo": photo(*place)} for place in PLACES]


def int8(file: bytes) -> bytes:
    ranges = choose_ranges(observe(file, threads=1, stream=SAMPLES), "minmax", model=read_tflite(file))
    return quantize(file, scheme="int8", io="int8", ranges=ranges)  # type: ignore[arg-type]


def test_what_matters_most_is_where_the_square_is_in_both_files(corner: Any) -> None:
    file, contract = corner
    found = occlusion_maps({"float": file, "ours": int8(file)}, contract, threads=2, seconds=60, samples=SAMPLES)
    for (top, left), looks in zip(PLACES, found, strict=True):
        assert looks.answer == int(left >= SIDE // 2)
        for cells in looks.maps.values():
            assert cells.shape == (8, 8)
            row, column = np.unravel_index(np.argmax(cells), cells.shape)
            assert top // 4 - 1 <= row <= top // 4 + 2
            assert left // 4 - 1 <= column <= left // 4 + 2
            assert cells.max() > 0.05
    alike = likeness([one.maps["float"] for one in found], [one.maps["ours"] for one in found])
    assert alike.mean.rank_correlation is not None
    assert alike.chance.rank_correlation is not None
    assert alike.mean.rank_correlation > 0.9 > alike.chance.rank_correlation


def test_maps_are_the_same_every_time_and_for_any_number_of_threads(corner: Any) -> None:
    file, contract = corner
    one, other = (
        occlusion_maps({"float": file}, contract, threads=threads, seconds=60, samples=SAMPLES) for threads in (1, 3)
    )
    assert all(np.array_equal(a.maps["float"], b.maps["float"]) for a, b in zip(one, other, strict=True))


def test_time_ends_it_after_a_whole_sample(corner: Any) -> None:
    file, contract = corner
    found = occlusion_maps({"float": file}, contract, threads=1, seconds=0, samples=SAMPLES)
    assert len(found) == 1
    assert found[0].maps["float"].shape == (8, 8)


def test_a_series_and_a_row_of_a_table_have_maps_of_one_row(network: Any) -> None:
    for name, shape in (("recurrent", (1, 6)), ("dense", (1, 12))):
        net = network(name)
        found = occlusion_maps({"float": net.file}, net.contract, threads=1, seconds=60, samples=net.samples[:3])
        assert [one.maps["float"].shape for one in found] == [shape] * 3


def test_a_model_of_ids_has_nothing_to_cover(corner: Any) -> None:
    file, contract = corner
    ids = replace(contract, inputs=tuple(replace(one, dtype="int32") for one in contract.inputs))
    assert occlusion_maps({"float": file}, ids, threads=1, seconds=60, samples=SAMPLES) == []
