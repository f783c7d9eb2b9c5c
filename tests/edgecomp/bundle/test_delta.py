"""Delta bundles: what differs from a bundle that devices have, and nothing else."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from edgecomp_runtime.bundle.read import read_bundle, read_files
from edgecomp_runtime.errors import InputError as DeviceInputError

from edgecomp.bundle import Goldens, Release, open_base, open_packed, repack
from edgecomp.bundle.pack import npz
from edgecomp.bundle.seal import seal
from edgecomp.cli.bundle import command
from edgecomp.errors import InputError
from edgecomp.keys import SigningKey, new_key
from edgecomp.transport import encode

from ..transport.synthetic import int8_weights, tflite


def _described() -> dict[str, Any]:
    contract = {
        "preprocess": "none",
        "inputs": [{"name": "x", "shape": [1, 3072], "dtype": "float32", "mean": [0.0], "std": [1.0]}],
        "outputs": [{"name": "y", "shape": [1, 10], "kind": "values", "activation": "none", "labels": []}],
    }
    return {
        **{"name": "net", "created_by": "edgecomp 0.1.0", "target": "linux-x86-64", "scheme": "int8", "io": "int8"},
        **{"model": "model.tflite", "contract": contract, "verified_with": {}, "measured": {}},
        "golden": {"file": "golden.npz", "samples": 5, "tolerance_steps": 4, "exact_on": "ai_edge_litert"},
    }


def _files(head: int) -> dict[str, bytes]:
    """A network of 60,000 weights with one of many last layers, and golden samples of it."""
    body = [int8_weights(seed, 64, 300, keep=0.5, name=f"conv2d_{seed}") for seed in (1, 2, 3)]
    inputs = np.random.default_rng(0).integers(-128, 128, (5, 3072), np.int8)
    outputs = np.random.default_rng(head).integers(-128, 128, (5, 10), np.int8)
    return {
        "model.tflite": tflite(*body, int8_weights(head, 10, 64, name="dense")),
        "golden.npz": npz(Goldens((inputs,), (outputs,), 4)),
        "wheels/some-1.0-py3-none-any.whl": bytes(range(256)) * 3,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Path:
    """Whole signed bundles: old.zip, and new.zip with another last layer."""
    place = tmp_path_factory.mktemp("bundles")
    (place / "old.zip").write_bytes(seal(_described(), _files(10), Release(version=3, sign=key)))
    (place / "new.zip").write_bytes(seal(_described(), _files(20), Release(version=4, sign=key)))
    return place


def test_another_last_layer_takes_a_tenth_of_the_bundle(folder: Path, key: SigningKey) -> None:
    release = Release(version=4, sign=key, base=open_base(folder / "old.zip"))
    made = repack(open_packed(folder / "new.zip"), release)
    assert len(made) <= 0.1 * (folder / "new.zip").stat().st_size
    path = folder / "delta.zip"
    path.write_bytes(made)
    have = {hashlib.sha256(one).hexdigest(): one for one in read_files(folder / "old.zip").values()}
    bundle = read_bundle(path, have.get)
    assert bundle.model == _files(20)["model.tflite"]
    assert bundle.goldens is not None
    assert (bundle.manifest.version, bundle.manifest.key) == (4, key.public.fingerprint)
    assert repack(open_packed(folder / "new.zip"), release) == made


def test_a_new_version_of_the_same_model_is_a_manifest(folder: Path, key: SigningKey) -> None:
    release = Release(version=9, sign=key, base=open_base(folder / "old.zip"))
    made = folder / "same.zip"
    made.write_bytes(repack(open_packed(folder / "old.zip"), release))
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == ["manifest.json", "manifest.sig", "manifest.sshsig"]


def test_bundles_that_have_nothing_in_common_are_refused(folder: Path) -> None:
    strange = {"model.tflite": tflite(int8_weights(77, 7, 99)), "golden.npz": _files(5)["golden.npz"][:99] + b"x"}
    with pytest.raises(InputError, match="nothing in common"):
        seal(_described(), strange, Release(base=open_base(folder / "old.zip")))


def test_a_delta_cannot_be_made_into_something_else(folder: Path) -> None:
    path = folder / "again.zip"
    path.write_bytes(repack(open_packed(folder / "new.zip"), Release(version=4, base=open_base(folder / "old.zip"))))
    for use in (open_packed, open_base):
        with pytest.raises(DeviceInputError, match="take the full bundle"):
            use(path)


def test_the_command_writes_one_and_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    private = new_key(tmp_path / "keys")[0]
    out = tmp_path / "delta.zip"
    arguments = [str(folder / "new.zip"), "--version", "5", "--delta-from", str(folder / "old.zip"), "--out", str(out)]
    told = CliRunner().invoke(command, [*arguments, "--sign", str(private), "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["delta_from"] == 3
    told = CliRunner().invoke(command, [*arguments, "--force"])
    assert "version 5 (what differs from version 3), not signed" in told.output
    assert out.stat().st_size < 0.1 * (folder / "new.zip").stat().st_size


@pytest.mark.parametrize("kind", ["sh", "deb"])
def test_what_is_for_a_device_without_anything_is_no_delta(folder: Path, tmp_path: Path, kind: str) -> None:
    arguments = [str(folder / "new.zip"), "--delta-from", str(folder / "old.zip"), "--out", str(tmp_path / "x")]
    told = CliRunner().invoke(command, [*arguments, "--format", kind])
    assert isinstance(told.exception, InputError)
    assert not (tmp_path / "x").exists()


def test_a_form_that_was_made_before_is_used_again(
    folder: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = open_packed(folder / "old.zip")
    assert set(packed.forms) >= {"model.tflite"}

    def encoded(data: bytes, base: bytes | None = None) -> bytes:
        assert data != packed.files["model.tflite"]
        return encode(data, base=base)

    monkeypatch.setattr("edgecomp.transport.encode", encoded)
    assert repack(packed, Release(version=3, sign=key)) == (folder / "old.zip").read_bytes()
