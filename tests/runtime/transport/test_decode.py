"""Whatever was done to a coded model, decoding it gives the model or an IntegrityError, and soon."""

from __future__ import annotations

import hashlib
import lzma
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.errors import InputError, IntegrityError
from edgecomp_runtime.transport import decode, primer
from edgecomp_runtime.transport.addresses import turn_addresses
from edgecomp_runtime.transport.container import HEADER, IS_DELTA, PRIMED, SHARED, TURNED, lzma_filter
from edgecomp_runtime.transport.plan import WEIGHTS, WORDS, read_plan
from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = 20  # of this process, so that a busy machine does not matter
SETTINGS = 2 * 9
PRIMER_SHA256 = "1fdb7017a389c315bc15fcd9e03ff37d74ccfab8b71364d10e9a4906a6113627"


def framed(
    skeleton: bytes = b"",
    plan: bytes = b"\0",
    *,
    size: int | None = None,
    states: bytes = struct.pack("<I", 1 << 16),
    words: bytes = b"",
    sha256: bytes | None = None,
    base: bytes | None = None,
    version: int = 2,
    lanes: int | None = None,
    flags: int = 0,
    packed: bytes | None = None,
) -> bytes:
    """A coded model by hand, with a right checksum whatever it holds."""
    content = skeleton + plan
    if packed is None:
        packed = lzma.compress(content, lzma.FORMAT_RAW, filters=[lzma_filter(SETTINGS, len(content)) | {"preset": 6}])
    flags |= IS_DELTA * (base is not None)
    header = HEADER.pack(
        *(b"ECT1", version, flags, SETTINGS, len(states) // 4 if lanes is None else lanes),
        *(len(skeleton) if size is None else size, sha256 or hashlib.sha256(skeleton).digest()),
        *(len(skeleton), len(plan), len(packed)),
    )
    coded = header + (b"" if base is None else hashlib.sha256(base).digest()) + packed + states + words
    return coded + zlib.crc32(coded).to_bytes(4, "little")


def outcome(data: bytes, base: bytes | None = None) -> bytes | None:
    """The model, or None where it is refused; anything else fails the test."""
    start = time.process_time()
    try:
        return decode(data, base=base, max_bytes=1 << 20)
    except (IntegrityError, InputError):
        return None
    finally:
        assert time.process_time() - start < SECONDS


@pytest.fixture(scope="module")
def coded() -> tuple[bytes, bytes]:
    """A model with weights, scales and biases, and its transport form."""
    from edgecomp.transport import encode

    return _model(0), encode(_model(0))


def _model(seed: int) -> bytes:
    """A small file of tables, one tensor of every kind in it."""
    from edgecomp.tflite.packing import AlignedBuffer, pack, schema

    rng = np.random.default_rng(seed)
    tables = schema()
    model, graph = tables.ModelT(), tables.SubGraphT()
    values = {
        "INT8": np.rint(rng.normal(0, 20, (8, 40)) * (rng.random((8, 40)) < 0.5)).astype(np.int8),
        "UINT8": np.repeat(np.rint(rng.normal(0, 5, (8, 1, 9))).astype(np.int8), 9, axis=1).view(np.uint8),
        "INT4": rng.integers(0, 256, (8, 20), np.uint8),
        "INT32": rng.integers(-3000, 3000, 8, np.int32),
        "FLOAT32": rng.normal(0, 1, (8, 5)).astype(np.float32),
    }
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], []
    model.buffers = [AlignedBuffer(None), *(AlignedBuffer(one.tobytes()) for one in values.values())]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
    for index, (dtype, stored) in enumerate(values.items()):
        tensor = tables.TensorT()
        tensor.type, tensor.buffer, tensor.name = getattr(tables.TensorType, dtype), index + 1, dtype.lower()
        tensor.shape = {"INT4": [8, 40], "UINT8": [8, 3, 3, 9]}.get(dtype, list(stored.shape))
        tensor.quantization = tables.QuantizationParametersT()
        tensor.quantization.scale = rng.uniform(0.01, 0.02, 8).astype(np.float32)
        tensor.quantization.zeroPoint = np.zeros(8, np.int64)
        graph.tensors.append(tensor)
    return pack(model)


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_from_before_is_still_read(version: int) -> None:
    """Written when the version was new; what is on devices must stay readable."""
    model = decode((Path(__file__).parent / f"version_{version}.ect").read_bytes())  # checks its SHA-256
    assert model[4:8] == b"TFL3"


def test_every_flipped_bit_is_refused(coded: tuple[bytes, bytes]) -> None:
    _, data = coded
    for bit in range(8 * len(data)):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(IntegrityError):
            decode(bytes(damaged))


def test_every_shortened_file_is_refused(coded: tuple[bytes, bytes]) -> None:
    _, data = coded
    for length in range(len(data)):
        with pytest.raises(IntegrityError):
            decode(data[:length])


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 4))
def test_changes_behind_a_right_checksum_give_no_other_model(
    coded: tuple[bytes, bytes], seed: int, changes: int
) -> None:
    """An attacker repairs the checksum, but not the SHA-256 of a model that he cannot restore to."""
    model, data = coded
    rng = np.random.default_rng(seed)
    changed = bytearray(data[:-4])
    for _ in range(changes):
        changed[rng.integers(len(changed))] = rng.integers(256)
    assert outcome(bytes(changed) + zlib.crc32(changed).to_bytes(4, "little")) in (None, model)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 6), delta=st.booleans())
def test_a_changed_plan_gives_no_other_model(
    parts: tuple[bytes, dict[str, Any]], seed: int, changes: int, delta: bool
) -> None:
    """Changes inside the packed part, where nearly every byte has a meaning."""
    model, kept = parts
    rng = np.random.default_rng(seed)
    plan = bytearray(kept["plan"])
    for _ in range(changes):
        plan[rng.integers(len(plan))] = rng.integers(256)
    base = model if delta else None
    sha256 = hashlib.sha256(model).digest()
    data = framed(**{**kept, "plan": bytes(plan)}, size=len(model), sha256=sha256, base=base)
    assert outcome(data, base) in (None, model)


@pytest.fixture(scope="module")
def parts(coded: tuple[bytes, bytes]) -> tuple[bytes, dict[str, Any]]:
    from edgecomp_runtime.transport.container import read_frame

    model, data = coded
    frame = read_frame(data, 1 << 20)
    kept: dict[str, Any] = {name: bytes(getattr(frame, name)) for name in ("skeleton", "plan", "states", "words")}
    kept["flags"] = TURNED * frame.turned
    assert outcome(framed(**kept, size=len(model), sha256=hashlib.sha256(model).digest())) == model
    return model, kept


@settings(max_examples=200)
@given(plan=st.binary(max_size=60), words=st.binary(max_size=40))
def test_a_plan_of_random_bytes_is_refused(plan: bytes, words: bytes) -> None:
    assert outcome(framed(bytes(300), plan, size=3000, words=words[: len(words) // 2 * 2])) is None


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        decode(data)
    with pytest.raises(IntegrityError):
        decode(b"ECT1" + data)


def test_what_the_frame_holds_is_restored() -> None:
    assert decode(framed(b"skeleton")) == b"skeleton"


def test_another_sha256_than_announced_is_refused() -> None:
    with pytest.raises(IntegrityError, match="SHA-256"):
        decode(framed(b"skeleton", sha256=bytes(32)))


def test_a_later_version_asks_for_an_upgrade() -> None:
    with pytest.raises(InputError, match="upgrade"):
        decode(framed(b"skeleton", version=3))


@pytest.mark.parametrize(("version", "flags"), [(0, 0), (1, TURNED), (1, PRIMED), (2, 16), (2, 128)])
def test_flags_that_a_version_does_not_have_are_refused(version: int, flags: int) -> None:
    with pytest.raises(IntegrityError, match="do not fit"):
        decode(framed(b"skeleton", version=version, flags=flags))


def test_the_primer_is_as_long_as_it_says_and_stays_what_it_is() -> None:
    opener = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma_filter(primer.SETTINGS, primer.PRIMER_BYTES)])
    opened = opener.decompress(primer.coded_primer())
    assert len(opened) == primer.PRIMER_BYTES
    assert hashlib.sha256(primer.coded_primer()).hexdigest() == PRIMER_SHA256, "forms on their way would be unreadable"


@pytest.mark.parametrize("shared", [0, 5, 0xFFFF])
def test_a_primed_part_that_does_not_continue_the_primer_is_refused(shared: int) -> None:
    packed = SHARED.pack(shared) + lzma.compress(
        b"skeleton\0", lzma.FORMAT_RAW, filters=[lzma_filter(SETTINGS, 4096) | {"preset": 6}]
    )
    assert outcome(framed(b"skeleton", flags=PRIMED, packed=packed)) is None
    assert outcome(framed(b"skeleton", flags=PRIMED, packed=packed[:1])) is None


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(2**32 - 2**24, 2**32 - 1), max_size=50), st.binary(max_size=3))
def test_addresses_turned_twice_are_what_they_were(words: list[int], rest: bytes) -> None:
    data = np.frombuffer(np.array(words, "<u4").tobytes() + rest, np.uint8).copy()
    turned = data.copy()
    turn_addresses(turned)
    small = np.array([0xFF000000 <= word < 0xFFFFFF00 for word in words], bool)
    np.testing.assert_array_equal(turned[: 4 * len(words)].view("<u4")[~small], np.array(words, np.uint32)[~small])
    turn_addresses(turned)
    np.testing.assert_array_equal(turned, data)


def test_tables_of_one_kind_name_the_same_place() -> None:
    words = np.zeros(100, "<i4")
    words[[30, 57, 80]] = 4 * np.array([30, 57, 80]) - 5000  # how far the layout at 5000 lies behind each
    data = words.view(np.uint8)
    turn_addresses(data)
    assert len(set(words[[30, 57, 80]])) == 1


def test_a_packed_part_that_is_longer_than_announced_is_refused() -> None:
    content = bytes(10**6)
    packed = lzma.compress(content, lzma.FORMAT_RAW, filters=[lzma_filter(SETTINGS, 4096) | {"preset": 6}])
    header = HEADER.pack(b"ECT1", 1, 0, SETTINGS, 1, 100, bytes(32), 99, 1, len(packed))
    data = header + packed + struct.pack("<I", 1 << 16)
    with pytest.raises(IntegrityError, match="length"):
        decode(data + zlib.crc32(data).to_bytes(4, "little"))


@pytest.mark.parametrize("size", [2**30 + 1, 2**63])
def test_an_announced_size_above_the_limit_is_refused_without_setting_it_aside(size: int) -> None:
    with pytest.raises(IntegrityError, match="accepted"):
        decode(framed(b"skeleton", size=size))


@pytest.mark.parametrize("lanes", [0, 5000])
def test_an_impossible_number_of_lanes_is_refused(lanes: int) -> None:
    with pytest.raises(IntegrityError):
        decode(framed(b"skeleton", lanes=lanes))


def test_words_that_nothing_asks_for_are_refused() -> None:
    with pytest.raises(IntegrityError, match="does not end"):
        decode(framed(b"skeleton", words=b"\1\2"))


@pytest.mark.parametrize(
    "plan",
    [
        bytes([1, WORDS, 3, 1, 0, 2, 0, 0, 0]),  # strengths are missing
        bytes([1, WORDS, 3, 1, 0, 100, 0, 0, 0, 0]),  # reaches past the end
        bytes([1, WEIGHTS, 0, 8, 0, 1, 9]),  # eight bytes for nine values
        bytes([1, 0, 0, 4, 0, 7]),  # a byte is left
        bytes([0xFF] * 12),  # a number without end
        bytes([2, 0, 0, 8, 0, 0, 7, 4, 0]),  # overlapping stretches
    ],
)
def test_an_impossible_plan_is_refused(plan: bytes) -> None:
    with pytest.raises(IntegrityError, match="plan"):
        read_plan(plan, 16)


def test_a_copy_without_a_base_is_refused() -> None:
    with pytest.raises(IntegrityError):
        decode(framed(b"", bytes([1, 0, 0, 8, 0]), size=8))
