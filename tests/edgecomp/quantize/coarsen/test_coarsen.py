"""Weights chosen anew are what was asked for, in a file that runs and is otherwise as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgecomp.quantize.coarsen.coarsen import Coarsened, coarsen
from edgecomp.quantize.coarsen.survey import survey
from edgecomp.quantize.coarsen.wish import Wish, Zeros
from edgecomp.quantize.litert.apply import quantize
from edgecomp.quantize.mend.operator_run import reduced_values
from edgecomp.quantize.mend.weighted import weighted_layers
from edgecomp.sparsify import parse_pattern
from edgecomp.tflite import align_buffers, read_tflite
from edgecomp.tflite.model import Tensor
from edgecomp.transport import encode

PRICE = 1e-5
SCHEMES = ("int8", "int4", "dynamic", "int16x8")


def made(net: Any, scheme: str = "int8") -> bytes:
    return align_buffers(quantize(net.file, scheme=scheme, io="float", ranges=net.ranges))  # type: ignore[arg-type]


def weights_of(net: Any, file: bytes) -> list[Tensor]:
    return [one.weights for one in weighted_layers(read_tflite(net.file).main, read_tflite(file).main).values()]


def error(net: Any, file: bytes) -> float:
    """Of the output on samples that nothing was made from: energy over that of the float output."""
    pairs = []
    for one in (net.file, file):
        index = read_tflite(one).main.outputs[0]
        pairs.append(np.stack(reduced_values(one, [(index, np.copy)], net.others, threads=1)[0]))
    exact, got = pairs
    return float(np.square(got - exact).sum() / np.square(exact).sum())


@pytest.fixture(scope="module")
def attempt(digits: Any) -> Any:
    """Chooses the weights of the digits network by a wish."""
    files = {scheme: made(digits, scheme) for scheme in SCHEMES}
    surveys = {scheme: survey(digits.file, file, threads=1, samples=digits.samples) for scheme, file in files.items()}

    def ran(wish: Wish, scheme: str = "int8") -> Coarsened:
        return coarsen(digits.file, files[scheme], wish, surveys[scheme], threads=1, samples=digits.samples)

    return ran


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_layer_has_more_values_than_asked_for(scheme: str, attempt: Any, digits: Any) -> None:
    result = attempt(Wish(values=7), scheme)
    found = [len(np.unique(one.values())) for one in weights_of(digits, result.file)]
    assert max(found) <= 7
    assert [one.values for one in result.layers] == found


@pytest.mark.parametrize("by", ["energy", "magnitude", "random"])
def test_as_many_weights_are_zero_as_asked_for(by: str, attempt: Any, digits: Any) -> None:
    result = attempt(Wish(zeros=Zeros("network", 0.6, by)))  # type: ignore[arg-type]
    values = np.concatenate([one.values().ravel() for one in weights_of(digits, result.file)])
    assert np.mean(values == 0) == pytest.approx(0.6, abs=0.02)
    assert sum(one.zeros for one in result.layers) == np.sum(values == 0)


def test_what_is_dear_by_calibration_is_kept(attempt: Any, digits: Any) -> None:
    errors = {by: error(digits, attempt(Wish(zeros=Zeros("network", 0.5, by))).file) for by in ("energy", "random")}
    assert errors["energy"] < 0.3 * errors["random"]


def test_a_pattern_holds_along_the_inputs(attempt: Any, digits: Any) -> None:
    result = attempt(Wish(zeros=Zeros("pattern", None, pattern=parse_pattern("2:4"))))
    wide = next(one for one in weights_of(digits, result.file) if one.shape == (32, 3, 3, 16))
    assert np.all((wide.values().reshape(-1, 4) != 0).sum(axis=1) <= 2)


def test_zeros_and_few_values_go_together(attempt: Any, digits: Any) -> None:
    result = attempt(Wish(zeros=Zeros("layer", 0.5), values=5))
    for one in weights_of(digits, result.file):
        assert len(np.unique(one.values())) <= 5
        assert np.mean(one.values() == 0) >= 0.5 - 1 / one.elements


def test_neighbours_share_entries(attempt: Any, digits: Any) -> None:
    result = attempt(Wish(entries=(4, 32)))
    wide = next(one for one in weights_of(digits, result.file) if one.shape == (32, 3, 3, 16))
    assert len(np.unique(wide.values().reshape(-1, 4), axis=0)) <= 32


def test_a_higher_price_takes_fewer_bits_and_the_transport_form_shows_it(attempt: Any, digits: Any) -> None:
    results = [attempt(Wish(price=price)) for price in (PRICE / 64, PRICE / 8, PRICE)]
    bits = [one.bits_per_weight for one in results]
    sizes = [len(encode(one.file)) for one in results]
    assert bits == sorted(bits, reverse=True)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] < 0.8 * len(encode(made(digits)))
    weights = sum(one.weights for one in results[0].layers)
    assert (sizes[0] - sizes[2]) * 8 == pytest.approx((bits[0] - bits[2]) * weights, rel=0.15)


def test_cheap_weights_keep_the_answers(attempt: Any, digits: Any) -> None:
    """At half the bits, as close to float as int4 is, and closer."""
    priced = attempt(Wish(price=PRICE / 8))
    assert priced.bits_per_weight < 4
    assert error(digits, priced.file) < error(digits, made(digits, "int4"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_can_have_cheap_weights(scheme: str, attempt: Any, digits: Any) -> None:
    dear, cheap = (attempt(Wish(price=price), scheme) for price in (PRICE / 64, PRICE))
    assert cheap.bits_per_weight < dear.bits_per_weight
    assert error(digits, cheap.file) < 0.2


def test_nothing_but_weights_biases_and_their_scales_changes(attempt: Any, digits: Any) -> None:
    before, after = read_tflite(made(digits)), read_tflite(attempt(Wish(price=PRICE)).file)
    changed = set()
    for layer in weighted_layers(read_tflite(digits.file).main, after.main).values():
        changed |= {layer.weights.index, layer.bias.index if layer.bias else -1}
    assert [replace(one, inputs=()) for one in before.main.operators] == [
        replace(one, inputs=()) for one in after.main.operators
    ]
    assert (before.signatures, before.main.inputs, before.main.outputs) == (
        after.signatures,
        after.main.inputs,
        after.main.outputs,
    )
    for old, new in zip(before.main.tensors, after.main.tensors, strict=False):
        if old.index in changed:
            assert (old.name, old.shape, old.dtype) == (new.name, new.shape, new.dtype)
        else:
            assert replace(old, buffer_index=0) == replace(new, buffer_index=0)


def test_the_same_wish_gives_the_same_file(attempt: Any) -> None:
    assert attempt(Wish(price=PRICE, seed=3)).file == attempt(Wish(price=PRICE, seed=3)).file


def test_too_few_samples_change_nothing(digits: Any) -> None:
    file, few = made(digits), digits.samples[:4]
    surveyed = survey(digits.file, file, threads=1, samples=few)
    assert coarsen(digits.file, file, Wish(values=4), surveyed, threads=1, samples=few).file == file


def test_noise_matters_most_where_it_reaches_the_answers(digits: Any) -> None:
    """A layer is as important as what its output does to the answers: here, the last one's output is the answer."""
    surveyed = survey(digits.file, made(digits), threads=1, samples=digits.samples)
    assert len(surveyed) == 5
    assert all(one.importance > 0 and (one.curvature > 0).all() for one in surveyed)
    output = read_tflite(digits.file).main.outputs[0]
    kept = reduced_values(digits.file, [(output, np.copy)], digits.samples[:16], threads=1)[0]
    logits = np.concatenate(kept)
    per_unit = 16 / np.square(logits - logits.mean(axis=0)).sum()
    assert surveyed[-1].importance == pytest.approx(per_unit, rel=0.5)
