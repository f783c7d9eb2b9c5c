"""Pruned networks become INT8 files that run, in widths that fill the kernels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pruning_oracle import randomize, share_of
from random_networks import Recipe, build, image_networks

from edgecomp.pruning.analysis import analyze
from edgecomp.pruning.flatten import flatten
from edgecomp.pruning.plan import apply_plan, plan_pruning
from edgecomp.pruning.rebuild import remove_channels
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.litert.rewrite import rewrite
from edgecomp.quantize.ranges.choice import choose_ranges
from edgecomp.quantize.ranges.observe import observe
from edgecomp.tflite import read_tflite

FAMILIES = ["MobileNetV2", "ResNet50V2", "DenseNet121", "EfficientNetB0", "NASNetMobile", "InceptionV3", "Xception"]
SLOWLY = {"suppress_health_check": list(HealthCheck), "phases": (Phase.explicit, Phase.generate)}


def check_runs_in_int8(export: Any, model: Any) -> None:
    """The INT8 file runs, and its answers are of the model's shapes."""
    from ai_edge_litert.interpreter import Interpreter

    rng = np.random.default_rng(0)
    opened, exported = export(model)
    feeds = [
        {one.name: rng.normal(size=(1, *one.shape[1:])).astype(np.float32) for one in opened.inputs} for _ in range(4)
    ]
    file = rewrite(exported)
    ranges = choose_ranges(observe(file, threads=1, stream=feeds), "minmax", model=read_tflite(file))
    interpreter = Interpreter(model_content=quantize(file, scheme="int8", io="int8", ranges=ranges))
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], rng.integers(-128, 127, detail["shape"]).astype(np.int8))
    interpreter.invoke()
    shapes = [tuple(interpreter.get_tensor(one["index"]).shape[1:]) for one in interpreter.get_output_details()]
    assert sorted(shapes) == sorted(tuple(one.shape[1:]) for one in model.outputs)


def check_random_network(export: Any, recipe: Recipe) -> None:
    keras.backend.clear_session()
    flat = flatten(build(recipe))
    randomize(flat)
    graph = analyze(flat)
    check_runs_in_int8(export, remove_channels(flat, graph, share_of(graph, 0.5)))


@pytest.mark.parametrize(
    "name", ["MobileNetV3Small", *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES)]
)
def test_published_architectures(name: str, export: Any) -> None:
    keras.backend.clear_session()
    size = 75 if name in ("InceptionV3", "Xception") else 64
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None)
    plan = plan_pruning(model, macs=0.5, multiple=8)
    assert plan.after.macs <= 0.5 * plan.before.macs
    odd = [one.name for one in plan.layers if one.after % 8 and one.after != one.before]
    assert len(odd) <= (3 if name == "NASNetMobile" else 0)  # there 88 channels are two groups of 44, one of them whole
    check_runs_in_int8(export, apply_plan(model, plan))


@settings(max_examples=3, derandomize=True, **SLOWLY)
@given(recipe=image_networks())
def test_random_networks(recipe: Recipe, export: Any) -> None:
    check_random_network(export, recipe)


@pytest.mark.slow
@settings(max_examples=40, derandomize=True, **SLOWLY)
@given(recipe=image_networks())
def test_many_random_networks(recipe: Recipe, export: Any) -> None:
    check_random_network(export, recipe)
