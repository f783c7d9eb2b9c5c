"""SHA-256 is the same whoever computes it, and loading a model brings no OpenSSL along."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from edgecomp_runtime import hashes

Write = Callable[..., Path]


@pytest.mark.parametrize("who", ["CPython", "OpenSSL", "whoever is left"])
def test_everybody_computes_the_same(who: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if who != "OpenSSL":
        monkeypatch.delitem(sys.modules, "_hashlib", raising=False)
    if who == "whoever is left":
        monkeypatch.setitem(sys.modules, "_sha256", None)
        monkeypatch.setitem(sys.modules, "_sha2", None)
    content = bytes(range(256)) * 9000
    digest = hashes.new_sha256()
    digest.update(content[:1000])
    digest.update(content[1000:])
    (tmp_path / "file").write_bytes(content)
    wanted = hashlib.sha256(content).hexdigest()
    assert digest.hexdigest() == wanted
    assert hashes.file_sha256(tmp_path / "file") == wanted


def test_an_application_that_loads_a_bundle_loads_no_library_that_it_does_not_need(write_bundle: Write) -> None:
    code = "import sys; from edgecomp_runtime import Model; Model.load(sys.argv[1], engine='ai_edge_litert')\n"
    code += "import json; print(json.dumps(sorted(sys.modules)))"
    path = _canonical(write_bundle())
    ended = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.replace('"', "").strip("[]\n").split(", "))
    assert "edgecomp_runtime.bundle.read" in loaded
    assert not loaded & {"_hashlib", "hashlib", "zipfile", "tempfile", "PIL", "edgecomp_runtime.bundle.goldens"}


def _canonical(path: Path) -> Path:
    """The same bundle as it would be laid out today."""
    import json

    from edgecomp_runtime.bundle.read import read_bundle, read_files

    from edgecomp.bundle.seal import Release, seal

    described = json.loads(read_bundle(path).manifest_bytes)
    path.write_bytes(seal(described, read_files(path), Release()))
    return path
