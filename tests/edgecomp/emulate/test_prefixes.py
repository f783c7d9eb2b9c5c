"""A network cut off behind an operator computes what the whole computes up to there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgecomp.emulate.inputs import made_up_inputs
from edgecomp.emulate.prefixes import prefixes
from edgecomp.tflite import read_tflite, with_outputs


def _outputs(file: bytes) -> list[np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=file, num_threads=1)
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), made_up_inputs(read_tflite(file)), strict=True):
        interpreter.set_tensor(detail["index"], values[0])
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


@pytest.mark.parametrize("name", ["conv", "dense", "two inputs", "upsampling", "recurrent"])
def test_every_prefix_gives_what_the_whole_holds_at_the_cut(name: str, network: Callable[[str], Any]) -> None:
    file = network(name).file
    whole = read_tflite(file).main
    found = list(prefixes(file))
    assert len(found) == len(whole.operators) - 1
    for count, prefix in enumerate(found, 1):
        graph = read_tflite(prefix).main
        assert [one.name for one in graph.operators] == [one.name for one in whole.operators[:count]]
        assert len(prefix) <= len(file) + 4096
        for ours, wanted in zip(_outputs(prefix), _outputs(with_outputs(file, graph.outputs)), strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=1e-4, atol=1e-5)


def test_a_prefix_holds_only_the_weights_it_needs(network: Callable[[str], Any]) -> None:
    sizes = [len(one) for one in prefixes(network("conv").file)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
