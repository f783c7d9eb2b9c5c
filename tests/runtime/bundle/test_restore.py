"""Files that a bundle holds in a smaller form: the same to every reader, and checked like all others."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, IntegrityError
from edgecomp_runtime.bundle import manifest as manifest_module
from edgecomp_runtime.bundle.manifest import parse_manifest
from edgecomp_runtime.bundle.read import read_bundle, read_files, read_forms, read_manifest, read_to_run
from edgecomp_runtime.bundle.restored_zip import restored_zip
from edgecomp_runtime.bundle.signature import check_signature
from edgecomp_runtime.bundle.trust import TrustStore
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecomp.bundle import Base
from edgecomp.bundle.seal import Release, seal
from edgecomp.keys import SigningKey
from edgecomp.transport import encode

from .conftest import DESCRIBED, FILES, RawEntry, lay_out, taken_apart, with_manifest

Write = Callable[[bytes], Path]

MODEL = np.cumsum(np.random.default_rng(0).integers(0, 3, 700)).astype("<u4").tobytes()
"""Deflate finds little in it, and the transport form much."""


@pytest.fixture(scope="session")
def coded(signing_key: SigningKey) -> bytes:
    """A signed bundle that holds its model in the transport form."""
    return seal(DESCRIBED, {**FILES, "model.tflite": MODEL}, Release(version=3, sign=signing_key))


@pytest.fixture(scope="session")
def newer() -> dict[str, bytes]:
    """The files of the next version, of which only the model is another."""
    return {**FILES, "model.tflite": MODEL[:400] + b"????" + MODEL[404:]}


@pytest.fixture(scope="session")
def delta(coded: bytes, newer: dict[str, bytes], signing_key: SigningKey) -> bytes:
    """A signed bundle that holds what differs from `coded`."""
    manifest = parse_manifest(taken_apart(coded)[0].content)
    base = Base(manifest, {**FILES, "model.tflite": MODEL})
    return seal(DESCRIBED, newer, Release(version=4, sign=signing_key, base=base))


@pytest.fixture(scope="session")
def trusted(signing_key: SigningKey) -> TrustStore:
    return TrustStore(Path("nowhere"), {signing_key.public.fingerprint: signing_key.public}, {})


def old_files(sha256: str) -> bytes | None:
    return next((one for one in [*FILES.values(), MODEL] if hashlib.sha256(one).hexdigest() == sha256), None)


def test_a_coded_model_is_smaller_and_read_like_any_other(coded: bytes, write: Write, trusted: TrustStore) -> None:
    path = write(coded)
    bundle = read_bundle(path)
    assert {one.name for one in taken_apart(coded)} >= {"model.ect"}
    assert len(coded) < len(seal(DESCRIBED, {**FILES, "model.tflite": b""}, Release())) + len(MODEL) / 2
    assert (bundle.model, bundle.labels) == (MODEL, ("a", "b"))
    assert read_files(path) == {**FILES, "model.tflite": MODEL}
    assert read_forms(path).keys() == {"model.tflite"}
    assert check_signature(bundle, trusted).signed
    assert bundle.manifest.entry("model.tflite") is not None


def test_what_runs_holds_the_model_and_not_the_form_beside_it(coded: bytes, write: Write) -> None:
    bundle = read_to_run(write(coded))
    assert bundle.held_model == MODEL
    assert bundle.model is bundle.held_model
    assert not bundle.smaller


def test_what_runs_is_refused_where_the_model_is_not_restored_to_what_is_listed(delta: bytes, write: Write) -> None:
    with pytest.raises(InputError, match=r"what differs from version 3 .*take the full bundle"):
        read_to_run(write(delta))


def test_a_folder_that_it_was_unpacked_into_is_the_same(coded: bytes, write: Write, tmp_path: Path) -> None:
    zipfile.ZipFile(write(coded)).extractall(tmp_path / "unpacked")
    assert read_files(tmp_path / "unpacked") == {**FILES, "model.tflite": MODEL}


@pytest.mark.parametrize("kind", ["coded", "delta"])
def test_every_changed_byte_is_refused(
    kind: str, request: pytest.FixtureRequest, write: Write, trusted: TrustStore
) -> None:
    bundle = request.getfixturevalue(kind)
    random_ = random.Random(1)
    for position in range(len(bundle)):
        changed = bytearray(bundle)
        changed[position] ^= random_.randrange(1, 256)
        with pytest.raises(IntegrityError, match="nothing of it was used"):
            check_signature(read_bundle(write(bytes(changed))), trusted)


def test_a_delta_is_restored_with_what_it_is_to_and_with_nothing_else(
    delta: bytes, newer: dict[str, bytes], write: Write, trusted: TrustStore
) -> None:
    path = write(delta)
    bundle = read_bundle(path, old_files)
    assert bundle.model == newer["model.tflite"]
    assert bundle.smaller == set(FILES)
    assert bundle.labels == ("a", "b")
    assert check_signature(bundle, trusted).signed
    for find in (lambda _: None, lambda digest: b"?" if digest else None):
        with pytest.raises((InputError, IntegrityError)):
            _ = read_bundle(path, find).model
    with pytest.raises(InputError, match=r"what differs from version 3 .*take the full bundle"):
        read_files(path)


@pytest.mark.parametrize("kind", ["coded", "delta"])
def test_the_restored_zip_has_the_same_manifest_and_signature_and_every_file_as_it_is(
    kind: str, request: pytest.FixtureRequest, newer: dict[str, bytes], write: Write, trusted: TrustStore
) -> None:
    path = write(request.getfixturevalue(kind))
    before = read_bundle(path, old_files)
    whole = b"".join(restored_zip(path, old_files))
    after = read_bundle(write(whole))
    assert read_files(path) == (newer if kind == "delta" else {**FILES, "model.tflite": MODEL})
    assert (after.manifest_bytes, after.signature) == (before.manifest_bytes, before.signature)
    assert check_signature(after, trusted).signed
    assert not after.smaller
    for position in range(0, len(whole), 7):
        changed = whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
        with pytest.raises(IntegrityError):
            check_signature(read_bundle(write(changed)), trusted)


def test_a_zip_of_which_only_some_files_were_restored_is_refused(delta: bytes, write: Write) -> None:
    path = write(delta)
    whole = taken_apart(b"".join(restored_zip(path, old_files)))
    sent = taken_apart(delta)
    assert lay_out(whole) == b"".join(restored_zip(path, old_files))
    form = next(one for one in sent if one.name == "model.ect")
    for mixed in (
        [form if one.name == "model.tflite" else one for one in whole],
        [one for one in whole if one.name != "labels.txt"],
        [*sent, next(one for one in whole if one.name == "labels.txt")],
    ):
        with pytest.raises(IntegrityError):
            read_bundle(write(lay_out(mixed)), old_files)


def _other_form(bundle: bytes, form: bytes) -> bytes:
    """The same bundle with another transport form, and a manifest that lists it."""
    listed = {"file": "model.ect", "sha256": hashlib.sha256(form).hexdigest(), "bytes": len(form)}
    changed = with_manifest(bundle, lambda manifest: manifest["files"]["model.tflite"].update(transport=listed))
    return lay_out([replace(one, content=form) if one.name == "model.ect" else one for one in taken_apart(changed)])


def test_a_form_of_another_model_is_refused(coded: bytes, write: Write) -> None:
    other = MODEL[:-4] + b"evil"
    with pytest.raises(IntegrityError, match="SHA-256 is another"):
        _ = read_bundle(write(_other_form(coded, encode(other)))).model


def test_a_form_that_announces_more_than_the_manifest_is_refused_before_it_is_restored(
    coded: bytes, write: Write
) -> None:
    with pytest.raises(IntegrityError, match=f"at most {len(MODEL)}"):
        _ = read_bundle(write(_other_form(coded, encode(bytes(2**20))))).model


def test_what_is_no_form_at_all_is_refused(coded: bytes, write: Write) -> None:
    with pytest.raises(IntegrityError, match="nothing of it was used"):
        _ = read_bundle(write(_other_form(coded, b"no form"))).model


def test_an_older_package_says_that_it_is_too_old(coded: bytes, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "FORMAT", 1)
    with pytest.raises(InputError, match=r"format 2.*reads up to 1; upgrade"):
        read_bundle(write(coded))


def test_a_bundle_without_smaller_forms_stays_readable_for_older_packages(signed: bytes) -> None:
    assert json.loads(taken_apart(signed)[0].content)["format"] == 1


def _model(**entry: Any) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest["files"]["model.tflite"].update(entry)


def _form(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda manifest: manifest["files"]["model.tflite"]["transport"].update(changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_model(in_base=True), "is transport and in_base"),
        (_model(packed={"sha256": "0" * 64, "bytes": 1}), "is packed and transport"),
        (_model(transport=[1]), "cannot be read"),
        (_model(transport=None, in_base="yes"), "not true or false"),
        (_model(transport=None, in_base=True), "base is given where|is missing"),
        (_form(file="../evil"), "not a name"),
        (_form(file="manifest.sig"), "not a name"),
        (_form(file="Labels.txt"), "twice"),
        (_form(file="model.tflite/inside"), "a file and a folder"),
        (_form(sha256="0"), "64 hexadecimal"),
        (_form(base="0"), "64 hexadecimal"),
        (_form(base="0" * 64), "is missing"),
        (_form(bytes=-1), "whole number"),
        (lambda manifest: manifest.update(base={"name": "x", "version": 1, "sha256": "0" * 64}), "base is given"),
        (lambda manifest: manifest.update(format=1), "format 1 cannot hold"),
        (lambda manifest: manifest.pop("layout"), "key is|cannot hold"),
        (lambda manifest: manifest["files"]["model.tflite"].update(bytes=2**28), "would be restored from"),
    ],
)
def test_a_manifest_that_no_bundle_may_have_is_refused(
    change: Callable[[dict[str, Any]], object], reason: str, coded: bytes, write: Write
) -> None:
    with pytest.raises(IntegrityError, match=reason):
        read_manifest(write(with_manifest(coded, change)))


scalars = st.none() | st.booleans() | st.integers(-2, 2**40) | st.text(max_size=8) | st.just("0" * 64)
values = st.recursive(
    scalars, lambda inner: st.dictionaries(st.sampled_from(["file", "sha256", "bytes", "base"]), inner)
)


@settings(max_examples=100)
@given(key=st.sampled_from(["transport", "in_base", "packed", "sha256", "bytes"]), value=values, base=values)
def test_whatever_a_manifest_says_of_forms_is_read_or_refused_in_plain_words(
    key: str, value: Any, base: Any, coded: bytes, write: Write
) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["files"]["model.tflite"][key] = value
        manifest["base"] = base

    try:
        found = read_bundle(write(with_manifest(coded, change)), old_files)
        assert found.model == MODEL
    except (IntegrityError, InputError):
        pass


def test_an_entry_beside_the_form_is_refused(coded: bytes, write: Write) -> None:
    entries = taken_apart(coded)
    place = next(index for index, one in enumerate(entries) if one.name == "model.ect")
    for extra in (RawEntry("model.tflite", MODEL), RawEntry("x", b"")):
        for at in (place, place + 1, len(entries)):
            with pytest.raises(IntegrityError):
                read_bundle(write(lay_out([*entries[:at], extra, *entries[at:]])))
