"""What a fleet's own manager is given."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from edgecomp_runtime.bundle.manifest import Manifest
from edgecomp_runtime.bundle.read import read_manifest

from edgecomp.bundle import BundleContents, Goldens, Release, pack_bundle
from edgecomp.latency.micro.builder import NetworkBuilder
from edgecomp.remote.formats import ansible_files, oci_files, write_files


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np
    from edgecomp_runtime import Model

    network = NetworkBuilder("int8")
    file = network.finish(network.unary("RELU", network.input(1, 2, 2, 8)))
    contract = Model.load(file, engine="ai_edge_litert", preprocess="none").contract
    values = np.zeros((1, 2, 2, 8), np.int8)
    contents = BundleContents(
        "photo", "linux-x86-64", "int8", "int8", file, contract, Goldens((values,), (values,), 1), {}, {}
    )
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    path.write_bytes(pack_bundle(contents, Release(version=3)))
    return path


@pytest.fixture
def manifest(bundle: Path) -> Manifest:
    return read_manifest(bundle)


def test_a_playbook_copies_installs_and_tidies_up(bundle: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_files(ansible_files(bundle, manifest, ["--allow-unsigned"]), tmp_path)
    (play,) = yaml.safe_load((tmp_path / "playbook.yml").read_text())
    (block,) = play["tasks"]
    install = block["block"][-1]["ansible.builtin.command"]["argv"]
    assert install[1:4] == ["-m", "edgecomp_runtime", "install"]
    assert install[-2:] == ["--allow-unsigned", "--json"]
    assert block["always"][0]["ansible.builtin.file"]["state"] == "absent"
    assert play["serial"][0] == 1
    copied = block["block"][1]["loop"]
    assert sorted(one.name for one in (tmp_path / "files").iterdir()) == sorted(copied)
    assert (tmp_path / "files/bundle.zip").read_bytes() == bundle.read_bytes()


def test_a_name_is_no_template_and_no_yaml(bundle: Path, manifest: Manifest) -> None:
    named = replace(manifest, name="photo\n- hosts: all {{ lookup('pipe', 'id') }}")
    text = ansible_files(bundle, named)["playbook.yml"]
    assert isinstance(text, bytes)
    (play,) = yaml.safe_load(text)
    assert "{{" not in play["name"]


@pytest.mark.skipif(shutil.which("ansible-playbook") is None, reason="ansible-playbook is not installed")
def test_ansible_takes_the_playbook(bundle: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_files(ansible_files(bundle, manifest), tmp_path)
    ended = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "--syntax-check", tmp_path / "playbook.yml"],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


def test_every_digest_of_an_image_layout_leads_to_its_blob(bundle: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_files(oci_files(bundle, manifest), tmp_path)
    assert json.loads((tmp_path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((tmp_path / "index.json").read_text())["manifests"]
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "3"
    image = json.loads(_blob(tmp_path, entry))
    assert _blob(tmp_path, image["config"]) == b"{}"
    (layer,) = image["layers"]
    assert _blob(tmp_path, layer) == bundle.read_bytes()
    assert layer["annotations"]["org.opencontainers.image.title"] == "photo.zip"
    assert len(list((tmp_path / "blobs/sha256").iterdir())) == 3


def test_the_same_bundle_gives_the_same_layout(bundle: Path, manifest: Manifest) -> None:
    assert oci_files(bundle, manifest) == oci_files(bundle, manifest)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
def test_skopeo_takes_the_layout(bundle: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_files(oci_files(bundle, manifest), tmp_path / "one")
    command = ["skopeo", "copy", f"oci:{tmp_path / 'one'}:3", f"oci:{tmp_path / 'two'}:3"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    sha256 = hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert (tmp_path / "two/blobs/sha256" / sha256).read_bytes() == bundle.read_bytes()


def _blob(folder: Path, descriptor: dict[str, Any]) -> bytes:
    kind, _, digest = descriptor["digest"].partition(":")
    content = (folder / "blobs" / kind / digest).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    assert len(content) == descriptor["size"]
    return content
