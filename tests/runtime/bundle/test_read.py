"""A bundle is taken whole or not at all, whatever was done to it."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, IntegrityError, Model
from edgecomp_runtime.bundle import any_zip
from edgecomp_runtime.bundle.manifest import is_safe_name, parse_manifest
from edgecomp_runtime.bundle.read import read_bundle, read_manifest
from edgecomp_runtime.contract import Contract
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.bundle.seal import Release, seal

from .conftest import DESCRIBED, FILES, taken_apart

Files = tuple[dict[str, bytes], Contract]
Write = Callable[..., Path]


def test_a_good_bundle_brings_all_it_holds(write_bundle: Write, bundle_files: Files) -> None:
    path = write_bundle()
    bundle = read_bundle(path)
    assert bundle.model == bundle_files[0]["model.tflite"]
    assert bundle.contract == bundle_files[1]
    assert bundle.labels == ("ant", "bee", "cat", "dog")
    assert bundle.goldens is not None
    assert bundle.goldens.inputs[0].shape == (6, 12, 16, 3)
    assert bundle.signature is None
    assert read_manifest(path) == bundle.manifest
    assert bundle.manifest.target == "linux-x86-64"


def test_a_model_from_a_bundle_has_its_contract_and_labels(write_bundle: Write, models: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    from_bundle = Model.load(write_bundle())
    by_hand = Model.load(models / "photo_int8.tflite", preprocess="0..1,fit=crop", labels=["ant", "bee", "cat", "dog"])
    assert from_bundle.classify(photo) == by_hand.classify(photo)
    with pytest.raises(InputError, match="brings its own"):
        Model.load(write_bundle(), preprocess="0..1")


def test_an_unpacked_bundle_is_the_same_and_other_files_beside_it_are_not_read(
    write_bundle: Write, tmp_path: Path
) -> None:
    path = write_bundle()
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    (tmp_path / "unpacked" / "notes.txt").write_text("mine")
    packed, unpacked = read_bundle(path), read_bundle(tmp_path / "unpacked")
    assert (packed.model, packed.manifest, packed.labels) == (unpacked.model, unpacked.manifest, unpacked.labels)


@pytest.mark.parametrize("name", ["model.tflite", "labels.txt", "golden.npz"])
@pytest.mark.parametrize("how", ["flipped", "longer", "shorter", "missing"])
def test_a_file_that_is_not_the_listed_one_is_refused(
    write_bundle: Write, bundle_files: Files, name: str, how: str, tmp_path: Path
) -> None:
    good = bundle_files[0]
    data = good[name]
    changed = {"flipped": data[:-1] + bytes([data[-1] ^ 1]), "longer": data + b"x", "shorter": data[:-1]}
    files = {key: changed.get(how, b"") if key == name else value for key, value in good.items()}
    if how == "missing":
        del files[name]
    path = write_bundle(files=files, listed=good)
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    for place in (path, tmp_path / "unpacked"):
        with pytest.raises(IntegrityError, match=name):
            read_bundle(place)
        if name != "golden.npz":  # which running a model does not look at
            with pytest.raises(IntegrityError, match=name):
                Model.load(place)


@pytest.mark.parametrize("unpacked", [False, True])
def test_loading_a_model_looks_at_what_running_takes_and_goldens_are_checked_when_they_are_asked_for(
    unpacked: bool, write_bundle: Write, bundle_files: Files, tmp_path: Path
) -> None:
    listed = {**bundle_files[0], "wheels/numpy.whl": b"compiled code"}
    damaged = {**listed, "wheels/numpy.whl": b"compiled c0de", "golden.npz": listed["golden.npz"][:-1] + b"?"}
    path = write_bundle(files=damaged, listed=listed)
    if unpacked:
        zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
        path = tmp_path / "unpacked"
    model = Model.load(path)
    assert len(model.classify(np.zeros((12, 16, 3), np.uint8))) == 4
    assert model.bundle is not None
    with pytest.raises(IntegrityError, match=r"golden\.npz"):
        _ = model.bundle.goldens
    with pytest.raises(IntegrityError, match=r"golden\.npz|numpy\.whl"):
        read_bundle(path)


def test_goldens_are_those_of_the_bundle_that_was_loaded_though_another_lies_there_by_now(
    write_bundle: Write, bundle_files: Files
) -> None:
    model = Model.load(write_bundle())
    other = io.BytesIO()
    np.savez(other, input_0=np.zeros((6, 12, 16, 3), np.int8), output_0=np.zeros((6, 4), np.int8))
    write_bundle(files={**bundle_files[0], "golden.npz": other.getvalue()})
    assert model.bundle is not None
    with pytest.raises(IntegrityError, match=r"golden\.npz"):
        _ = model.bundle.goldens


def test_a_file_that_is_not_listed_is_refused(write_bundle: Write, bundle_files: Files) -> None:
    path = write_bundle(files={**bundle_files[0], "extra.bin": b"?"}, listed=bundle_files[0])
    with pytest.raises(IntegrityError, match=r"extra\.bin is not listed"):
        read_bundle(path)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "C:\\evil", "a\\b", ".hidden", "a//b", "a/", "", "a\nb", "x" * 201]
)
def test_names_that_lead_elsewhere_are_refused(write_bundle: Write, bundle_files: Files, name: str) -> None:
    assert not is_safe_name(name)
    if name:
        with pytest.raises(IntegrityError):
            read_bundle(write_bundle(files={**bundle_files[0], name: b"?"}))


@given(st.text(max_size=30))
def test_a_safe_name_stays_inside_its_folder(name: str) -> None:
    if is_safe_name(name):
        inside = os.path.normpath(os.path.join("/srv/bundle", name))
        assert inside.startswith("/srv/bundle/")


def test_links_are_refused_in_zips_and_folders(write_bundle: Write, bundle_files: Files, tmp_path: Path) -> None:
    path = write_bundle()
    zipfile.ZipFile(path).extractall(tmp_path / "unpacked")
    model = tmp_path / "unpacked" / "model.tflite"
    shutil.move(model, tmp_path / "elsewhere")
    model.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="is a link"):
        read_bundle(tmp_path / "unpacked")
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(IntegrityError, match="not a plain file"):
        read_bundle(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(write_bundle: Write) -> None:
    path = write_bundle()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.tflite", b"another")
    with pytest.raises(IntegrityError, match="two entries"):
        read_bundle(path)


def test_too_many_entries_and_too_many_bytes_are_refused(write_bundle: Write, bundle_files: Files) -> None:
    many = {f"file{index}": b"" for index in range(70)}
    with pytest.raises(IntegrityError, match="74 entries"):
        read_bundle(write_bundle(files={**bundle_files[0], **many}))


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    write_bundle: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(any_zip, "MAX_TOTAL_BYTES", 2**22)
    path = write_bundle()
    _add_zeros(path, 2**22 + 1)
    assert path.stat().st_size < 2**16
    with pytest.raises(IntegrityError, match="unpacks to more than"):
        read_bundle(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(write_bundle: Write) -> None:
    path = write_bundle()
    _add_zeros(path, 2**25)
    with pytest.raises(IntegrityError, match=r"bomb unpacks from \d+ to"):
        read_bundle(path)


def _add_zeros(path: Path, size: int) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(size))


def test_a_zip_cut_short_is_refused(write_bundle: Write) -> None:
    path = write_bundle()
    whole = path.read_bytes()
    for share in range(1, 20):
        path.write_bytes(whole[: len(whole) * share // 20])
        with pytest.raises(IntegrityError, match="damaged or cut short"):
            read_bundle(path)


def test_a_zip_with_flipped_bytes_is_refused_or_still_the_same(write_bundle: Write) -> None:
    path = write_bundle()
    whole = path.read_bytes()
    good = read_bundle(path)
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        garbled = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 4)):
            garbled[place] ^= int(random.integers(1, 256))
        path.write_bytes(garbled)
        try:
            found = read_bundle(path)
        except (IntegrityError, InputError):
            refused += 1
        else:
            assert (found.model, found.labels, found.manifest) == (good.model, good.labels, good.manifest)
    assert refused > 300


def test_what_is_no_bundle_is_bad_input_not_a_failed_check(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_bundle(tmp_path / "none.zip")
    with pytest.raises(InputError, match="is not a bundle"):
        read_bundle(tmp_path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        read_bundle(other)


def test_a_newer_format_asks_for_an_upgrade(write_bundle: Write) -> None:
    with pytest.raises(InputError, match=r"format 3.*upgrade"):
        read_bundle(write_bundle(changes={"format": 3}))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"format": 0}, "format is 0"),
        ({"format": "1"}, "format is '1'"),
        ({"model": "other.tflite"}, "not listed"),
        ({"model": None}, "model is None"),
        ({"contract": {}}, "contract"),
        ({"files": []}, "files is not an object"),
        ({"golden": {"file": "none.npz", "samples": 6, "tolerance_steps": 0, "exact_on": ""}}, "not listed"),
        ({"golden": {"file": "golden.npz", "samples": 7, "tolerance_steps": 0, "exact_on": ""}}, "7 samples"),
        ({"golden": {"file": "labels.txt", "samples": 6, "tolerance_steps": 0, "exact_on": ""}}, "no golden samples"),
        (
            {"golden": {"file": "golden.npz", "samples": -1, "tolerance_steps": 0, "exact_on": ""}},
            "golden samples is -1",
        ),
    ],
)
def test_a_wrong_manifest_is_refused(write_bundle: Write, changes: dict[str, Any], part: str) -> None:
    path = write_bundle(changes=changes)
    with pytest.raises(IntegrityError, match=part):
        assert read_bundle(path).goldens


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff\xfe", b'{"format": 1}', b"[" * 100000, b'{"a": 1, "a": 2}'])
def test_a_manifest_that_is_no_manifest_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(IntegrityError, match=r"manifest\.json"):
        read_bundle(tmp_path)


def test_goldens_that_would_run_code_are_refused(write_bundle: Write, bundle_files: Files, tmp_path: Path) -> None:
    np.savez(tmp_path / "evil.npz", input_0=np.array([print], object), output_0=np.zeros(1))
    files = {**bundle_files[0], "golden.npz": (tmp_path / "evil.npz").read_bytes()}
    bundle = read_bundle(write_bundle(files=files))
    with pytest.raises(IntegrityError, match="no golden samples"):
        assert bundle.goldens


def test_goldens_that_unpack_to_a_thousandfold_are_refused(
    write_bundle: Write, bundle_files: Files, tmp_path: Path
) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", input_0=np.zeros(2**25, np.int8), output_0=np.zeros(1))
    files = {**bundle_files[0], "golden.npz": (tmp_path / "bomb.npz").read_bytes()}
    bundle = read_bundle(write_bundle(files=files))
    with pytest.raises(IntegrityError, match="more than it may have"):
        assert bundle.goldens


def test_goldens_whose_header_announces_more_than_there_is_are_refused(
    write_bundle: Write, bundle_files: Files
) -> None:
    target = io.BytesIO()
    np.lib.format.write_array_header_1_0(target, {"descr": "|i1", "fortran_order": False, "shape": (2**60,)})
    npz = io.BytesIO()
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("input_0.npy", target.getvalue())
    bundle = read_bundle(write_bundle(files={**bundle_files[0], "golden.npz": npz.getvalue()}))
    with pytest.raises(IntegrityError, match="no golden samples"):
        assert bundle.goldens


def test_labels_that_contradict_the_contract_are_refused(write_bundle: Write, bundle_files: Files) -> None:
    with pytest.raises(IntegrityError, match="different classes"):
        read_bundle(write_bundle(files={**bundle_files[0], "labels.txt": b"a\nb\nc\nd\n"}))


def test_a_contract_that_is_not_the_models_is_refused(write_bundle: Write, models: Path, bundle_files: Files) -> None:
    files = {**bundle_files[0], "model.tflite": (models / "gray_int8.tflite").read_bytes()}
    with pytest.raises(IntegrityError, match="nothing of it was used"):
        Model.load(write_bundle(files=files))


def test_the_example_in_the_documentation_is_one_that_this_package_reads() -> None:
    page = (Path(__file__).parents[3] / "docs" / "bundle.md").read_text(encoding="utf-8")
    example = page.split("```json")[1].split("```")[0]
    manifest = parse_manifest(example.encode())
    assert manifest.canonical
    assert (manifest.name, manifest.version, manifest.entry("golden.npz").packed) == ("flowers", 3, None)
    written = json.loads(taken_apart(seal(DESCRIBED, FILES, Release()))[0].content)
    assert set(json.loads(example)) == set(written)
