"""What a small bundle is made of; nothing of it has to run."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.keys import SigningKey, new_key, open_key


@pytest.fixture
def described() -> dict[str, Any]:
    """A manifest, without what sealing decides."""
    return {
        "format": 1,
        "name": "tiny",
        "created_by": "edgecomp 0.1.0",
        "target": "linux-x86-64",
        "scheme": "int8",
        "io": "int8",
        "model": "model.tflite",
        "contract": {
            "preprocess": "none",
            "inputs": [{"name": "x", "shape": [1, 4], "dtype": "float32", "mean": [0.0], "std": [1.0]}],
            "outputs": [{"name": "y", "shape": [1, 2], "kind": "values", "activation": "none", "labels": []}],
        },
        "golden": None,
        "verified_with": {"engine": "ai_edge_litert"},
        "measured": {"latency_ms": None},
    }


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of a bundle."""
    return {"model.tflite": b"a model " * 500, "wheels/some-1.0-py3-none-any.whl": bytes(range(256))}


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """A key to sign with."""
    return open_key(new_key(tmp_path_factory.mktemp("keys"))[0])
