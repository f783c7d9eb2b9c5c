"""Whatever goes in comes out, byte for byte, and the transport form of a real file is the smaller one."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import lzma
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.errors import InputError, IntegrityError
from edgecomp.transport import decode, encode

from .synthetic import Stored, int8_weights, tflite

CODEC = settings(max_examples=15)


def bits_a_weight(*constants: Stored) -> float:
    empty = tflite(*(Stored(one.values[:0], one.dtype, (0,), one.scales) for one in constants))
    coded = len(encode(tflite(*constants))) - len(encode(empty))
    return 8 * coded / sum(int(np.prod(one.shape)) for one in constants)


def entropy(values: np.ndarray) -> float:
    shares = np.unique(values, return_counts=True)[1] / values.size
    return float(-(shares * np.log2(shares)).sum())


@CODEC
@given(st.binary(max_size=2000))
def test_any_bytes_are_restored(data: bytes) -> None:
    assert decode(encode(data)) == data


@st.composite
def constants(draw: st.DrawFn) -> Stored:
    dtype, bits = draw(
        st.sampled_from(
            [("INT8", 8), ("UINT8", 8), ("INT4", 4), ("INT32", 32), ("FLOAT32", 32), ("FLOAT16", 16), ("INT16", 16)]
        )
    )
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    nbytes = (int(np.prod(shape)) * bits + 7) // 8
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    few = draw(st.sampled_from([1, 2, 16, 256]))
    values = np.repeat(rng.choice(rng.integers(0, 256, few), nbytes), draw(st.sampled_from([1, 9]))).astype(np.uint8)
    values = values[:nbytes]
    values[rng.random(nbytes) < draw(st.sampled_from([0.0, 0.5, 0.95]))] = 0
    quantized = draw(st.booleans())
    scales = tuple(map(float, rng.uniform(0.001, 1, shape[0]).astype(np.float32))) if quantized else ()
    return Stored(values, dtype, shape, scales, draw(st.sampled_from(["a", "b", "layer/kernel"])))


@CODEC
@given(st.lists(constants(), max_size=3))
def test_random_flatbuffers_are_restored(stored: list[Stored]) -> None:
    file = tflite(*stored)
    assert decode(encode(file)) == file


@CODEC
@given(st.lists(constants(), max_size=2), st.lists(constants(), max_size=2), st.integers(0, 2**32 - 1))
def test_random_deltas_are_restored(old: list[Stored], new: list[Stored], seed: int) -> None:
    base, file = tflite(*old), tflite(*new)
    changed = bytearray(file)
    changed[seed % len(changed)] ^= 1 + seed % 255
    assert decode(encode(file, base=base), base=base) == file
    assert decode(encode(bytes(changed), base=file), base=file) == bytes(changed)


@pytest.mark.parametrize("scheme", ["float32", "float16", "dynamic", "int8"])
def test_a_converted_file_is_restored_and_smaller_than_gzip_and_xz_make_it(transport_files: Any, scheme: str) -> None:
    file = getattr(transport_files, scheme)
    coded = encode(file)
    assert decode(coded) == file
    assert len(coded) < min(len(gzip.compress(file, 9)), len(lzma.compress(file, preset=9)))


def test_a_file_with_its_buffers_behind_the_flatbuffer_is_restored(transport_quantizer_file: bytes) -> None:
    coded = encode(transport_quantizer_file)
    assert decode(coded) == transport_quantizer_file
    assert len(coded) < len(lzma.compress(transport_quantizer_file, preset=9))


def test_equal_files_give_equal_bytes() -> None:
    file = tflite(int8_weights(0, 16, 90), int8_weights(1, 32, 50, keep=0.3))
    assert encode(file) == encode(bytes(bytearray(file)))


def test_bell_shaped_weights_cost_little_more_than_their_entropy() -> None:
    weights = int8_weights(0, 32, 400)
    assert bits_a_weight(weights) < 1.015 * entropy(weights.values)


def test_wide_and_narrow_channels_are_told_apart() -> None:
    """Half of the channels are narrow: each half by itself has less entropy than both together."""
    rng = np.random.default_rng(0)
    values = np.rint(rng.normal(0, np.repeat([30, 2], 32)[:, None], (64, 300))).clip(-127, 127).astype(np.int8)
    weights = Stored(values, "INT8", (64, 300), (0.5,) * 64)
    assert bits_a_weight(weights) < 0.5 * (entropy(values[:32]) + entropy(values[32:])) + 0.15 < entropy(values)


def test_kernels_whose_taps_are_alike_cost_less_than_their_entropy() -> None:
    """As those of trained convolutions are: each tap is much like those beside it."""
    rng = np.random.default_rng(0)
    alike, own = rng.normal(0, 20, (48, 1, 1, 48)), rng.normal(0, 8, (48, 3, 3, 48))
    values = np.rint(alike + own).clip(-127, 127).astype(np.int8)
    assert bits_a_weight(Stored(values, "INT8", values.shape, (0.5,))) < entropy(values) - 0.5


def test_zeros_cost_what_telling_them_apart_costs() -> None:
    weights = int8_weights(0, 64, 500, keep=0.1)
    assert bits_a_weight(weights) < 1.03 * entropy(weights.values)


@pytest.mark.parametrize("folded", [False, True], ids=["one scale", "a scale for each channel"])
def test_weights_of_few_real_values_cost_the_logarithm_of_their_number(folded: bool) -> None:
    """Sixteen real values are up to 255 integers where channels have scales of their own."""
    rng = np.random.default_rng(0)
    book = np.sort(rng.normal(0, 1, 16))
    real = rng.choice(book, (64, 500))
    widest = rng.uniform(1, 3, 64) * np.abs(book).max() if folded else np.full(64, np.abs(book).max())
    scales = (widest / 127).astype(np.float32)
    values = np.rint(real / scales[:, None]).astype(np.int8)
    assert len(np.unique(values)) > 100 or not folded
    assert bits_a_weight(Stored(values, "INT8", (64, 500), tuple(map(float, scales)))) < 4.1


def test_channels_with_different_sets_of_few_values_cost_less_than_their_common_entropy() -> None:
    rng = np.random.default_rng(0)
    sets = [rng.choice(np.arange(-120, 120), 16, replace=False) for _ in range(3)]
    values = np.stack([rng.choice(sets[channel % 3], 400) for channel in range(60)]).astype(np.int8)
    assert bits_a_weight(Stored(values, "INT8", (60, 400))) < 4.2 < entropy(values)


def test_bias_scales_that_follow_from_others_cost_nearly_nothing(transport_files: Any) -> None:
    """They are stored as float32, four bytes for each channel, but are the product of two other scales."""
    from edgecomp.transport.layout import find_layout

    products = find_layout(transport_files.int8).products
    assert sum(one.scales.count for one in products) >= 64


def test_a_tensor_of_more_axes_than_the_plan_names_is_restored() -> None:
    weights = int8_weights(0, 16, 90)
    file = tflite(Stored(weights.values, "INT8", (1, 1, 2, 2, 2, 2, 1, 3, 3, 10), (0.1, 0.2)))
    assert decode(encode(file)) == file


@pytest.mark.slow
def test_more_channels_than_a_grid_may_have_are_restored() -> None:
    file = tflite(int8_weights(0, 70_000, 1))
    assert decode(encode(file)) == file


def test_bytes_that_are_no_model_are_coded_all_the_same() -> None:
    assert len(encode(b"abc" * 1000)) < 200


def test_a_model_larger_than_the_format_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("edgecomp.transport.encode"), "MAX_BYTES", 10)
    with pytest.raises(InputError, match="at most 10"):
        encode(bytes(11))


def test_decoding_without_edgecomp_gives_the_same(transport_files: Any, tmp_path: Any) -> None:
    """The device has neither edgecomp nor TensorFlow."""
    (tmp_path / "coded").write_bytes(encode(transport_files.int8))
    script = (
        "import sys; from pathlib import Path; from edgecomp_runtime.transport import decode;"
        f"Path({str(tmp_path / 'out')!r}).write_bytes(decode(Path({str(tmp_path / 'coded')!r}).read_bytes()));"
        "assert not {'edgecomp', 'tensorflow', 'flatbuffers', 'ai_edge_litert'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert (tmp_path / "out").read_bytes() == transport_files.int8


def test_importing_the_packages_does_not_import_the_codec() -> None:
    script = "import sys, edgecomp, edgecomp_runtime; assert not [m for m in sys.modules if 'transport' in m]"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_delta_of_a_changed_last_layer_costs_a_tenth_at_most() -> None:
    body = [int8_weights(seed, 48, 300, name=f"layer{seed}") for seed in range(4)]
    old = tflite(*body, int8_weights(10, 10, 48, name="scores"))
    new = tflite(*body, int8_weights(11, 10, 48, name="scores"))
    delta = encode(new, base=old)
    assert decode(delta, base=old) == new
    assert len(delta) < 0.1 * len(encode(new))


def test_a_delta_of_slightly_changed_weights_costs_a_fraction() -> None:
    """As fine-tuning leaves them: every weight moves a little, and every scale with it."""
    old = int8_weights(0, 48, 600)
    rng = np.random.default_rng(1)
    real = old.values * np.array(old.scales)[:, None]
    real = real + rng.normal(0, 0.01, real.shape)
    scales = (np.abs(real).max(axis=1) / 127).astype(np.float32)
    new = Stored(np.rint(real / scales[:, None]).astype(np.int8), "INT8", real.shape, tuple(map(float, scales)))
    base, file = tflite(old), tflite(new)
    delta = encode(file, base=base)
    assert decode(delta, base=base) == file
    assert len(delta) < 0.3 * len(encode(file))


def test_a_delta_of_pruned_weights_costs_a_fraction() -> None:
    """What was small is zero now, the rest is as it was."""
    old = int8_weights(0, 48, 600)
    kept = np.where(np.abs(old.values) < 50, 0, old.values).astype(np.int8)
    base, file = tflite(old), tflite(Stored(kept, "INT8", old.shape, old.scales))
    delta = encode(file, base=base)
    assert decode(delta, base=base) == file
    assert len(delta) < 0.2 * len(encode(file))


def test_a_delta_between_files_that_have_nothing_in_common_is_not_larger_than_the_whole() -> None:
    base, file = tflite(int8_weights(0, 40, 300)), tflite(int8_weights(1, 16, 500))
    delta = encode(file, base=base)
    assert delta == encode(file)
    assert decode(delta) == file


@pytest.mark.parametrize(("given", "error"), [(None, "give that model"), (b"another", "another was given")])
def test_a_delta_without_its_base_is_refused_and_names_it(given: bytes | None, error: str) -> None:
    base = tflite(int8_weights(0, 16, 90))
    delta = encode(tflite(int8_weights(0, 16, 90), int8_weights(1, 16, 91)), base=base)
    with pytest.raises(InputError, match=error) as raised:
        decode(delta, base=given)
    assert hashlib.sha256(base).hexdigest() in str(raised.value)


def test_a_whole_model_does_not_look_at_a_base() -> None:
    file = tflite(int8_weights(0, 16, 90))
    assert decode(encode(file), base=b"whatever") == file


def test_more_than_is_accepted_is_refused_before_it_is_decoded() -> None:
    coded = encode(bytes(10**6))
    with pytest.raises(IntegrityError, match="announces 1000000 bytes"):
        decode(coded, max_bytes=999_999)
