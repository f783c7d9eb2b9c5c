"""Chunks of samples through interpreters: the bytes are those of one inference at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, normalize, parse_preprocess

from edgecomp.evaluate.chunks import Chunk, in_chunks
from edgecomp.evaluate.parallel import Runner, run_all
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite


def int8(net: Any, io: str) -> bytes:
    ranges = choose_ranges(observe(net.file, threads=1, stream=net.samples), "minmax", model=read_tflite(net.file))
    return quantize(net.file, scheme="int8", io=io, ranges=ranges)  # type: ignore[arg-type]


def stacked(samples: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([one[name] for one in samples]) for name in samples[0]}


@pytest.mark.parametrize("name", ["conv", "two inputs", "upsampling"])
@pytest.mark.parametrize("io", ["float32", "int8", "float"])
def test_a_batch_gives_the_bytes_of_one_sample_at_a_time(network: Callable[[str], Any], name: str, io: str) -> None:
    net = network(name)
    file = net.file if io == "float32" else int8(net, io)
    runner = Runner(file, net.contract, 1)
    together = runner.batch(Chunk(stacked(net.samples), [None] * len(net.samples)))
    for place, feeds in enumerate(net.samples):
        for ours, one in zip(together, runner.outputs(feeds), strict=True):
            assert np.array_equal(ours[place], one)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("io", ["float32", "int8", "float"])
def test_raw_values_become_what_the_device_makes_of_them(network: Callable[[str], Any], dtype: Any, io: str) -> None:
    net = network("conv")
    file = net.file if io == "float32" else int8(net, io)
    inputs = [replace(one, dtype="float32") for one in net.contract.inputs]
    contract = build_contract(parse_preprocess("imagenet-torch"), inputs, net.contract.outputs, images=True)
    raw = np.random.default_rng(0).integers(0, 256, (5, *inputs[0].shape[1:])).astype(dtype)
    chunk = Chunk({inputs[0].name: raw}, [None] * 5, raw=True)
    (ran,) = run_all({"file": file}, contract, threads=1, chunks=[chunk])
    runner = Runner(file, contract, 1)
    for ours, photo in zip(ran.rows("file"), raw, strict=True):
        wanted = runner.outputs({inputs[0].name: normalize(contract.inputs[0], photo[None])})
        assert np.array_equal(ours[0], wanted[0])


def test_order_and_labels_survive_many_threads(network: Callable[[str], Any]) -> None:
    net = network("dense")
    samples = [net.samples[place % len(net.samples)] for place in range(500)]
    chunks = in_chunks((feeds, place) for place, feeds in enumerate(samples))
    runner = Runner(net.file, net.contract, 1)
    place = 0
    for ran in run_all({"float": net.file}, net.contract, threads=4, chunks=chunks):
        for label, outputs in zip(ran.chunk.labels, ran.rows("float"), strict=True):
            assert label == place
            assert np.array_equal(outputs[0], runner.outputs(samples[place])[0])
            place += 1
    assert place == 500
