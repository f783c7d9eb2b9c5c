"""What a kernel of a Keras layer is said to cost is what the operator of the file made of it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edgecomp.factorize.layer import Product
from edgecomp.latency.estimate import product_cost
from edgecomp.latency.predict import CostModel
from edgecomp.latency.work import operator_work
from edgecomp.targets import load_target
from edgecomp.tflite import read_tflite


def test_a_product_costs_what_its_operator_does(export: Callable[..., Any]) -> None:
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 24))
    value = layers.Conv2D(48, 3, padding="same")(inputs)
    value = layers.Conv2D(40, 3, 2, padding="same")(value)
    value = layers.Conv2D(64, 1)(value)
    model = keras.Model(inputs, layers.Dense(20)(layers.Flatten()(layers.AveragePooling2D(8)(value))))
    products = [
        Product((3, 3), 24, 48, 1, (1, 1), 256),
        Product((3, 3), 48, 40, 1, (2, 2), 64),
        Product((1, 1), 40, 64, 1, (1, 1), 64),
        Product((), 64, 20, 1, (), 1),
    ]
    target = load_target("linux-x86-64")
    assert target.prediction is not None
    graph = read_tflite(export(model)[1]).main
    works = [operator_work(graph, one) for one in graph.operators if one.name in ("CONV_2D", "FULLY_CONNECTED")]
    cost = product_cost(target)
    assert cost is not None
    for product, work in zip(products, works, strict=True):
        in_int8 = {"precision": "int8", "weight_bytes": work.weight_bytes // 4, "nbytes": work.nbytes // 4}
        wanted = CostModel(target.prediction).operator_cost(replace(work, **in_int8), target.runtime.threads)
        assert cost(product) == pytest.approx(wanted, rel=0.05)


def test_a_device_whose_profile_has_no_coefficients_has_no_costs() -> None:
    assert product_cost(load_target("cortex-m4")) is None
