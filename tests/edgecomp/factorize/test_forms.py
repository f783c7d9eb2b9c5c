"""What the forms of a layer cost, and which of them are cheaper."""

from __future__ import annotations

import pytest

from edgecomp.factorize.forms import Option, cheaper_options, cost_of, forms_for, full_ranks, products_of
from edgecomp.factorize.layer import FactorableLayer, Product


def layer(
    window: tuple[int, ...] = (3, 3),
    inputs: int = 64,
    outputs: int = 64,
    groups: int = 1,
    strides: tuple[int, ...] | None = None,
    places: int = 8,
) -> FactorableLayer:
    strides = (1,) * len(window) if strides is None else strides
    read = (places,) * len(window)
    written = tuple(-(-size // step) for size, step in zip(read, strides, strict=True))
    return FactorableLayer("layer", window, inputs, outputs, groups, strides, ((read, written),), True)


def test_multiply_accumulates_of_each_form_are_those_of_its_kernels() -> None:
    one = layer(strides=(2, 1))
    products = {form: products_of(one, Option(form, (16, 8) if form == "tucker" else (16,))) for form in forms_for(one)}
    assert [str(each) for each in products["output"]] == ["3x3 64>16", "1x1 16>64"]
    assert [each.macs for each in products["output"]] == [32 * 9 * 64 * 16, 32 * 16 * 64]
    assert [each.macs for each in products["input"]] == [64 * 64 * 16, 32 * 9 * 16 * 64]
    assert [(each.strides, each.macs) for each in products["spatial"]] == [
        ((2, 1), 32 * 3 * 64 * 16),
        ((1, 1), 32 * 3 * 16 * 64),
    ]
    assert [each.macs for each in products["tucker"]] == [64 * 64 * 16, 32 * 9 * 16 * 8, 32 * 8 * 64]
    assert cost_of(one, Option("output", (16,))).params == 9 * 64 * 16 + 16 * 64 + 64


@pytest.mark.parametrize(("window", "forms"), [((), 1), ((1, 1), 1), ((3,), 3), ((3, 1), 3), ((3, 3), 4), ((1, 5), 3)])
def test_forms_that_would_be_the_same_are_offered_once(window: tuple[int, ...], forms: int) -> None:
    assert len(forms_for(layer(window))) == forms


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("window", [(), (1, 1), (3, 3)])
def test_options_are_multiples_and_save_arithmetic_and_weights(window: tuple[int, ...], groups: int) -> None:
    one = layer(window, inputs=128, outputs=96, groups=groups)
    options = cheaper_options(one, 8)
    assert options
    for option in options:
        cost = cost_of(one, option)
        assert cost.macs < one.product.macs
        assert cost.params < one.product.params + one.outputs
        assert all(rank * groups % 8 == 0 for rank in option.ranks)
        assert all(rank < full for rank, full in zip(option.ranks, full_ranks(one, option.form), strict=True))


def test_what_would_take_longer_is_not_offered() -> None:
    one = layer()

    def slow_starts(product: Product) -> float:
        return product.macs + 0.4 * one.product.macs

    offered = cheaper_options(one, 8, slow_starts)
    assert 0 < len(offered) < len(cheaper_options(one, 8))
    for option in offered:
        assert sum(map(slow_starts, products_of(one, option))) < slow_starts(one.product)
    assert not cheaper_options(one, 8, lambda product: 1.0)


def test_a_layer_too_small_to_gain_has_no_options() -> None:
    assert not cheaper_options(layer((), 8, 10), 8)
    assert not cheaper_options(layer((3, 3), 3, 8), 8)
