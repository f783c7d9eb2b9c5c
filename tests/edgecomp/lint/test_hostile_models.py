"""Whatever a file says, linting it ends soon, with findings; predicting and exporting it with a result or an error."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgecomp.c_export import Source, plan_c_export, render
from edgecomp.c_export.checks import check
from edgecomp.errors import InputError
from edgecomp.latency.predict import predict
from edgecomp.lint import lint, placements
from edgecomp.lint.delegates import edge_tpu
from edgecomp.lint.delegates.xnnpack import decision
from edgecomp.targets import OperatorRules, load_target
from edgecomp.tflite import Operator, Quantization, Subgraph, Tensor, TfliteModel, read_tflite, summarize
from edgecomp.tflite.model import DTYPE_BITS

PI = load_target("raspberry-pi-4b")
TARGETS = (
    *(PI, load_target("coral-edgetpu"), load_target("browser")),
    dataclasses.replace(PI, operators=OperatorRules(library="tflite-micro", accelerated=("CONV_2D",))),
    *(load_target("cortex-m4"), load_target("esp32-s3")),
)
NAMES = sorted({*decision._CHECKS, *edge_tpu._CHECKS, "DENSIFY", "CONV_3D", "GELU", "LSTM", "WHILE"})
SECONDS = 20  # of this process, so that a busy machine does not matter
FUZZ = settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

numbers = st.integers(-3, 9) | st.sampled_from([0.0, -1.5, 2**31 - 1])
options = st.dictionaries(
    st.sampled_from(
        """
        strideH strideW filterHeight filterWidth dilationHFactor alpha beta axis blockSize fusedActivationFunction
        weightsFormat shrinkAxisMask keepDims numSplits
        """.split()  # noqa: SIM905
    ),
    numbers,
    max_size=4,
)
quantizations = st.none() | st.builds(
    lambda scales, axis: Quantization(tuple(scales), (0,) * len(scales), axis),
    st.lists(st.sampled_from([0.0, -0.5, 0.1, 1e-40, 1e30]), min_size=1, max_size=3),
    st.integers(0, 5),
)


@st.composite
def tensors(draw: Any, index: int) -> Tensor:
    small, large = st.lists(st.integers(0, 5), max_size=7), st.lists(st.sampled_from([1, 2**11]), max_size=4)
    shape = tuple(draw(small | large))
    dtype = draw(st.sampled_from([*DTYPE_BITS, "string", "variant"]))
    one = Tensor(index, draw(st.text(max_size=8)), shape, dtype, index, quantization=draw(quantizations))
    stored = draw(st.booleans()) and one.nbytes < 10_000
    content = np.random.default_rng(index).integers(0, 255, one.nbytes, np.uint8).tobytes() if stored else b""
    return dataclasses.replace(
        one,
        buffer=memoryview(content),
        sparse=draw(st.booleans()) and draw(st.booleans()),
        is_variable=not stored and draw(st.booleans()),
        shape_signature=draw(st.sampled_from([shape, tuple(-1 for _ in shape)])),
    )


@st.composite
def models(draw: Any) -> TfliteModel:
    count = draw(st.integers(1, 6))
    indices = st.lists(st.integers(-1, count - 1), max_size=5).map(tuple)
    made = tuple(draw(tensors(index)) for index in range(count))
    operators = tuple(
        Operator(place, draw(st.sampled_from(NAMES)), draw(indices), draw(indices), draw(options), draw(st.booleans()))
        for place in range(draw(st.integers(0, 5)))
    )
    edges = st.lists(st.integers(0, count - 1), max_size=2).map(tuple)
    graph = Subgraph(0, "", made, operators, draw(edges), draw(edges))
    return TfliteModel(nbytes=1, subgraphs=(graph,))


def looked_at(model: TfliteModel) -> None:
    summarize(model)
    for target in TARGETS:
        lint(model, target)
        placements(model, target)
    with contextlib.suppress(InputError):
        found = predict(model, PI)
        assert 0 <= found.low <= found.latency_ms <= found.high < math.inf
    with contextlib.suppress(InputError):
        check(model, None)


@settings(FUZZ, max_examples=250)
@given(model=models())
def test_graphs_of_nonsense(model: TfliteModel) -> None:
    looked_at(model)


@FUZZ
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12))
def test_files_with_changed_bytes(network: Any, changes: list[tuple[float, int]]) -> None:
    data = bytearray(network("conv").file)
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        model = read_tflite(bytes(data))
    except InputError:
        return
    looked_at(model)


@settings(FUZZ, max_examples=60)
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0.5, 1),
)
def test_what_c_is_written_of_changed_and_cut_files_or_none(
    network: Any, changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(network("conv").file)
    for place, value in changes:
        data[int(place * len(data))] = value
    with contextlib.suppress(InputError):
        files = render(plan_c_export(Source("x", bytes(data[: int(kept * len(data))]))))
        assert all(text.isascii() for text in files.values())


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [
        ("CONV_2D", (0,), (2,)),
        ("FULLY_CONNECTED", (0, 1), ()),
        ("ADD", (0, 0), ()),
    ],
)
def test_an_operator_without_what_it_needs_is_named(
    name: str, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    made = tuple(Tensor(index, "", (4,), "float32", shape_signature=(4,)) for index in range(3))
    graph = Subgraph(0, "", made, (Operator(0, name, inputs, outputs),), (0,), (2,))
    with pytest.raises(InputError, match=rf"operator 0 \({name}\)"):
        predict(TfliteModel(nbytes=1, subgraphs=(graph,)), PI)


def test_a_graph_as_large_as_the_reader_allows_is_looked_at_soon() -> None:
    """A long chain in which every second operator is left over: tens of thousands of partitions."""
    count = 30_000
    made = tuple(
        Tensor(index, f"a/l{index}/op", (1, 4), "float32", shape_signature=(1, 4)) for index in range(count + 1)
    )
    chain = tuple(Operator(place, "RELU" if place % 2 else "SIGN", (place,), (place + 1,)) for place in range(count))
    model = TfliteModel(nbytes=1, subgraphs=(Subgraph(0, "", made, chain, (0,), (count,)),))
    start = time.process_time()
    found = lint(model, PI)
    predict(model, PI)
    assert time.process_time() - start < SECONDS
    assert any("in 15000 parts" in one.what for one in found)
