"""A bundle of the canonical layout is refused for every byte that is another, whatever was done to it and how well."""

from __future__ import annotations

import hashlib
import io
import json
import random
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from edgecomp_runtime import InputError, IntegrityError, Model
from edgecomp_runtime.bundle.read import is_bundle, read_bundle, read_files, read_manifest
from edgecomp_runtime.bundle.signature import check_signature
from edgecomp_runtime.bundle.trust import TrustStore
from edgecomp_runtime.cli import main
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.bundle.seal import Release, seal
from edgecomp.keys import SigningKey

from .conftest import DESCRIBED, FILES, RawEntry, lay_out, taken_apart, with_manifest

Write = Callable[[bytes], Path]
MIB = 2**20


@pytest.fixture(scope="session")
def trusted(signing_key: SigningKey) -> TrustStore:
    return TrustStore(Path("nowhere"), {signing_key.public.fingerprint: signing_key.public}, {})


def test_what_is_sealed_is_read_back(signed: bytes, write: Write, trusted: TrustStore) -> None:
    path = write(signed)
    bundle = read_bundle(path)
    assert is_bundle(path)
    assert read_files(path) == FILES
    assert (bundle.model, bundle.labels, bundle.manifest.version) == (FILES["model.tflite"], ("a", "b"), 3)
    assert read_manifest(path) == bundle.manifest
    assert check_signature(bundle, trusted).signed
    assert lay_out(taken_apart(signed)) == signed


def test_any_zip_tool_reads_it_too(signed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(signed)) as archive:
        assert archive.testzip() is None
        assert [one for one in archive.namelist() if not one.startswith("manifest")] == sorted(FILES)


def test_every_changed_byte_is_refused(signed: bytes, write: Write, trusted: TrustStore) -> None:
    random_ = random.Random(1)
    assert len(signed) > 2500
    for position in range(len(signed)):
        changed = bytearray(signed)
        changed[position] ^= random_.randrange(1, 256)
        path = write(bytes(changed))
        assert is_bundle(path)
        with pytest.raises(IntegrityError, match="nothing of it was used"):
            check_signature(read_bundle(path), trusted)


def test_every_changed_byte_of_an_unsigned_bundle_is_refused(write: Write) -> None:
    whole = seal(DESCRIBED, FILES, Release())
    for position in range(len(whole)):
        with pytest.raises(IntegrityError):
            read_bundle(write(whole[:position] + bytes([whole[position] ^ 255]) + whole[position + 1 :]))


@pytest.mark.parametrize("bit", range(8))
def test_every_flipped_bit_of_headers_and_directory_is_refused(signed: bytes, write: Write, bit: int) -> None:
    end = signed.index(b"PK\x01\x02")
    for position in [*range(43), *range(end, len(signed))]:
        changed = signed[:position] + bytes([signed[position] ^ 1 << bit]) + signed[position + 1 :]
        with pytest.raises(IntegrityError):
            read_bundle(write(changed))


def test_a_bundle_cut_short_anywhere_is_refused(signed: bytes, write: Write) -> None:
    for length in range(0, len(signed), 13):
        with pytest.raises(IntegrityError):
            read_bundle(write(signed[:length]))


@pytest.mark.parametrize("where", ["before", "behind", "between", "comment"])
def test_anything_beside_the_entries_is_refused(signed: bytes, write: Write, where: str) -> None:
    directory_at = signed.index(b"PK\x01\x02")
    changed = {
        "before": b"#!/bin/sh\n" + signed,
        "behind": signed + b"\0",
        "between": signed[:directory_at] + b"gap" + signed[directory_at:],
        "comment": signed[:-2] + b"\x02\x00hi",
    }
    with pytest.raises(IntegrityError):
        read_bundle(write(changed[where]))


def _entries(change: Callable[[list[RawEntry]], object]) -> Callable[[bytes], bytes]:
    def changed(bundle: bytes) -> bytes:
        entries = taken_apart(bundle)
        change(entries)
        return lay_out(entries)

    return changed


def _swap_contents(entries: list[RawEntry]) -> None:
    one, other = entries[3], entries[5]
    entries[3], entries[5] = replace(one, content=other.content), replace(other, content=one.content)


def _recompress(entries: list[RawEntry]) -> None:
    entries[4] = replace(entries[4], stored=zlib.compress(entries[4].content, 1)[2:-4])
    assert entries[4].in_zip != replace(entries[4], stored=None).in_zip


def _pad_stream(entries: list[RawEntry]) -> None:
    entries[4] = replace(entries[4], stored=entries[4].in_zip + b"\0")


def _set(index: int, **changes: Any) -> Callable[[list[RawEntry]], object]:
    return lambda entries: entries.__setitem__(index, replace(entries[index], **changes))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda entries: entries.append(RawEntry("extra.bin", b"?")), id="added at the end"),
        pytest.param(lambda entries: entries.insert(0, RawEntry("a", b"?")), id="added at the start"),
        pytest.param(lambda entries: entries.append(entries[4]), id="twice"),
        pytest.param(lambda entries: entries.pop(3), id="removed"),
        pytest.param(lambda entries: entries.pop(1), id="signature removed"),
        pytest.param(lambda entries: entries.pop(2), id="SSH signature removed"),
        pytest.param(lambda entries: entries.reverse(), id="reversed"),
        pytest.param(lambda entries: entries.insert(3, entries.pop(4)), id="in another order"),
        pytest.param(_swap_contents, id="contents swapped"),
        pytest.param(_recompress, id="compressed otherwise"),
        pytest.param(_pad_stream, id="padded stream"),
        pytest.param(_set(4, deflated=False), id="not compressed"),
        pytest.param(_set(0, deflated=True), id="manifest compressed"),
        pytest.param(_set(5, deflated=True), id="compressed"),
        pytest.param(_set(3, name="Labels.txt"), id="renamed"),
        pytest.param(_set(3, name="../labels.txt"), id="path that leads out"),
        pytest.param(_set(3, name="/labels.txt"), id="absolute path"),
        pytest.param(_set(3, content=b"b\na\n"), id="content replaced"),
        pytest.param(_set(4, header={"crc": 1}), id="wrong CRC"),
        pytest.param(_set(4, header={"size": 2**31}), id="size that is none"),
        pytest.param(_set(2, content=b""), id="empty SSH signature"),
        pytest.param(_set(2, content=b"x" * 5000), id="long SSH signature"),
    ],
)
def test_an_entry_that_is_not_the_laid_down_one_is_refused(
    change: Callable[[list[RawEntry]], object], signed: bytes, write: Write, trusted: TrustStore
) -> None:
    with pytest.raises(IntegrityError):
        check_signature(read_bundle(write(_entries(change)(signed))), trusted)


def test_a_directory_that_says_something_else_than_the_headers_is_refused(signed: bytes, write: Write) -> None:
    entries = taken_apart(signed)
    own = lay_out(entries)
    other = lay_out([replace(one, header={"crc": 7}) if one.name == "labels.txt" else one for one in entries])
    cut = own.index(b"PK\x01\x02")
    with pytest.raises(IntegrityError, match="directory"):
        read_bundle(write(own[:cut] + other[cut:]))


def test_an_ordinary_zip_of_the_same_files_is_refused(signed: bytes, write: Write) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in taken_apart(signed):
            archive.writestr(one.name, one.content)
    with pytest.raises(IntegrityError, match="laid out"):
        read_bundle(write(target.getvalue()))


def test_the_files_of_a_bundle_in_a_folder_are_the_same(
    signed: bytes, write: Write, tmp_path: Path, trusted: TrustStore
) -> None:
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(write(signed)).extractall(folder)
    assert read_files(folder) == FILES
    assert check_signature(read_bundle(folder), trusted).signed
    (folder / "model.tflite").write_bytes(b"another")
    with pytest.raises(IntegrityError, match=r"model\.tflite"):
        read_bundle(folder)


def _file(name: str, **entry: Any) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest["files"].__setitem__(name, {"sha256": "0" * 64, "bytes": 1, **entry})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_file("../evil"), "not a name"),
        (_file("/etc/passwd"), "not a name"),
        (_file("a/../../b"), "not a name"),
        (_file("C:evil"), "not a name"),
        (_file(".hidden"), "not a name"),
        (_file("manifest.sig"), "not a name"),
        (_file("MANIFEST.json"), "twice"),
        (_file("MODEL.tflite"), "twice"),
        (_file("model.tflite/inside"), "a file and a folder"),
        (_file("manifest.json/inside"), "a file and a folder"),
        (_file("big", bytes=2**31), "more than"),
        (_file("bomb", bytes=2**28, packed={"sha256": "0" * 64, "bytes": 2**20}), "would unpack"),
        (_file("x", packed={"sha256": "0" * 63, "bytes": 1}), "64 hexadecimal"),
        (_file("x", packed=[]), "packed|cannot be read"),
        (lambda manifest: [_file(f"f{index}")(manifest) for index in range(64)], "more than the 61"),
        (lambda manifest: manifest.update(version=-1), "version"),
        (lambda manifest: manifest.update(version=1.5), "version"),
        (lambda manifest: manifest.update(version=2**53), "version"),
        (lambda manifest: manifest.update(latency_limit_ms=0), "latency_limit_ms"),
        (lambda manifest: manifest.update(latency_limit_ms=float("nan")), "latency_limit_ms"),
        (lambda manifest: manifest.update(latency_limit_ms=True), "latency_limit_ms"),
        (lambda manifest: manifest.update(name="tiny\x1b[2J"), "cannot be shown"),
        (lambda manifest: manifest.update(target="\ud800"), "cannot be shown"),
        (lambda manifest: manifest.update(key="me"), "key is 'me'"),
        (lambda manifest: manifest.pop("layout"), "key is"),
    ],
)
def test_a_manifest_that_no_bundle_may_have_is_refused_before_anything_else_is_read(
    change: Callable[[dict[str, Any]], object], reason: str, signed: bytes, write: Write
) -> None:
    path = write(with_manifest(signed, change))
    with pytest.raises(IntegrityError, match=reason):
        read_manifest(path)


def test_a_layout_of_the_future_asks_for_an_upgrade(signed: bytes, write: Write) -> None:
    with pytest.raises(InputError, match=r"layout.*upgrade"):
        read_bundle(write(with_manifest(signed, lambda manifest: manifest.update(layout="canonical-2"))))


def test_a_bomb_is_not_unpacked_beyond_what_was_announced(signed: bytes, write: Write) -> None:
    bomb = zlib.compress(bytes(256 * MIB), 9)[2:-4]
    announced = b"?" * (8 * MIB)
    listed = {
        "sha256": hashlib.sha256(announced).hexdigest(),
        "bytes": len(announced),
        "packed": {"sha256": hashlib.sha256(bomb).hexdigest(), "bytes": len(bomb)},
    }
    manifest = json.loads(taken_apart(signed)[0].content) | {"files": {"model.tflite": listed}, "key": None}
    path = write(
        lay_out(
            [
                RawEntry("manifest.json", json.dumps(manifest).encode()),
                RawEntry("model.tflite", announced, deflated=True, stored=bomb),
            ]
        )
    )
    tracemalloc.start()
    with pytest.raises(IntegrityError, match="larger than"):
        read_bundle(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * MIB


def test_a_large_file_that_is_not_needed_takes_no_memory(write: Write) -> None:
    files = {**FILES, "wheels/large.whl": random.Random(0).randbytes(24 * MIB)}
    path = write(seal(DESCRIBED, files, Release()))
    tracemalloc.start()
    read_bundle(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


names = st.from_regex(r"[a-z0-9_][a-z0-9._+-]{0,8}(/[a-z0-9_][a-z0-9._+-]{0,8})?", fullmatch=True)


@settings(max_examples=60)
@given(extra=st.dictionaries(names, st.binary(max_size=300), max_size=6), data=st.data())
def test_whatever_can_be_sealed_is_read_back_and_whatever_is_changed_in_it_is_refused(
    extra: dict[str, bytes], data: st.DataObject, write: Write
) -> None:
    files = {**FILES, **extra}
    try:
        bundle = seal(DESCRIBED, files, Release())
    except InputError:
        return  # a file and a folder of one name, or a name that is taken
    assert read_files(write(bundle)) == files
    position = data.draw(st.integers(0, len(bundle) - 1))
    changed = data.draw(st.binary(max_size=4).filter(lambda piece: piece != bundle[position : position + 3]))
    with pytest.raises((IntegrityError, InputError)):
        read_bundle(write(bundle[:position] + changed + bundle[position + 3 :]))


@settings(max_examples=60)
@given(garbage=st.binary(max_size=300), prefix=st.integers(0, 100))
def test_garbage_is_refused_in_plain_words(garbage: bytes, prefix: int, signed: bytes, write: Write) -> None:
    with pytest.raises((IntegrityError, InputError)):
        read_bundle(write(signed[:prefix] + garbage))


def test_the_bytes_are_what_the_documentation_says(signed: bytes) -> None:
    header = struct.unpack_from("<4sHHHHHIIIHH", signed)
    assert header[:6] == (b"PK\x03\x04", 20, 0, 0, 0, 0x21)
    assert header[7] == header[8]
    assert header[9:] == (13, 0)
    assert signed[30:43] == b"manifest.json"
    assert struct.unpack_from("<4sHHHHIIH", signed, len(signed) - 22)[:5] == (b"PK\x05\x06", 0, 0, 6, 6)


def test_a_model_is_not_loaded_from_a_bundle_with_a_changed_byte_but_in_a_wheel(signed: bytes, write: Write) -> None:
    wheel = next(one for one in taken_apart(signed) if one.name.endswith(".whl")).in_zip
    start = signed.index(wheel)
    for position in [*range(64), *range(64, start, 97), *range(start + len(wheel), len(signed), 7)]:
        changed = signed[:position] + bytes([signed[position] ^ 4]) + signed[position + 1 :]
        with pytest.raises(IntegrityError, match="nothing of it was used"):
            Model.load(write(changed))


def test_the_command_refuses_a_changed_bundle_with_code_5_and_says_why(
    signed: bytes, write: Write, capsys: pytest.CaptureFixture[str], device: Path
) -> None:
    assert main(["verify", str(write(signed[:-1] + b"?"))]) == 5
    assert "directory" in capsys.readouterr().err
