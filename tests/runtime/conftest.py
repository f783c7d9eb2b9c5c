"""Small real .tflite models and bundles for the tests of the device package."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import Model
from edgecomp_runtime.contract import Contract

LABELS = ("ant", "bee", "cat", "dog")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that TensorFlow converted:

    photo_int8      [1, 12, 16, 3] int8 -> [1, 4] int8, softmax
    photo_float     the same in float32
    gray_int8       [1, 8, 8, 1] int8 -> [1, 4] int8
    table           [1, 5] float32 -> [1, 3] float32, no softmax
    two             a [1, 4] and b [1, 2] float32 -> sum [1, 2] and product [1, 4] float32
    ids             [1, 6] int32 -> [1, 2] float32
    lookup          [1, 6] int32 -> [1, 6, 2] float32, which XNNPACK has no kernel for
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return tf.constant(random.normal(0, 0.5, shape).astype(np.float32))

    def save(name: str, function: Callable[..., Any], shapes: dict[str, tuple[int, ...]], int8: bool = False) -> None:
        dtype = tf.int32 if name in ("ids", "lookup") else tf.float32
        specs = [tf.TensorSpec((1, *shape), dtype, name=key) for key, shape in shapes.items()]
        concrete = tf.function(function, input_signature=specs).get_concrete_function()
        # With a module beside the function the file gets a signature, and with it the outputs' names.
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
        if int8:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [random.random((1, *shape), dtype=np.float32) for shape in shapes.values()] for _ in range(16)
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        (folder / f"{name}.tflite").write_bytes(converter.convert())

    kernel, head = weights(3, 3, 3, 8), weights(8, 4)

    def photo(x: Any) -> Any:
        features = tf.nn.relu(tf.nn.conv2d(x, kernel, 2, "SAME"))
        return {"scores": tf.nn.softmax(4.0 * tf.matmul(tf.reduce_mean(features, (1, 2)), head))}

    gray_head, table_head, embedding = weights(64, 4), weights(5, 3), weights(10, 2)
    save("photo_int8", photo, {"x": (12, 16, 3)}, int8=True)
    save("photo_float", photo, {"x": (12, 16, 3)})
    save(
        "gray_int8",
        lambda x: {"scores": tf.nn.softmax(tf.matmul(tf.reshape(x, (1, 64)), gray_head))},
        {"x": (8, 8, 1)},
        int8=True,
    )
    save("table", lambda x: {"logits": tf.matmul(x, table_head)}, {"x": (5,)})
    save(
        "two",
        lambda a, b: {"sum": b + tf.reduce_sum(a), "product": a * tf.reduce_sum(b)},
        {"a": (4,), "b": (2,)},
    )
    save("ids", lambda x: {"y": tf.reduce_sum(tf.gather(embedding, x), axis=1)}, {"x": (6,)})
    save("lookup", lambda x: {"y": tf.gather(embedding, x)}, {"x": (6,)})
    return folder


@pytest.fixture(scope="session")
def manifest_of() -> Callable[..., dict[str, Any]]:
    """Builds a manifest, as docs/bundle.md describes it, for the given files."""

    def build(files: dict[str, bytes], contract: Contract, changes: dict[str, Any]) -> dict[str, Any]:
        return {
            "format": 1,
            "name": "photo",
            "created_by": "edgecomp 0.1.0",
            "target": "linux-x86-64",
            "model": "model.tflite",
            "scheme": "int8",
            "io": "int8",
            "files": {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
            },
            "contract": contract.to_dict(),
            "golden": {"file": "golden.npz", "samples": 6, "tolerance_steps": 2, "exact_on": "ai_edge_litert"},
            "verified_with": {"engine": "ai_edge_litert", "version": "2.3.0", "machine": "x86_64", "xnnpack": True},
            "measured": {"latency_ms": None, "metric": None},
            "signature": None,
            **changes,
        }

    return build


@pytest.fixture(scope="session")
def bundle_files(models: Path) -> tuple[dict[str, bytes], Contract]:
    """The files of a good bundle of photo_int8, without the manifest, and its contract."""
    path = models / "photo_int8.tflite"
    model = Model.load(path, preprocess="0..1,fit=crop", labels=LABELS)
    random = np.random.default_rng(3)
    inputs = random.integers(-128, 128, (6, 12, 16, 3), dtype=np.int8)
    outputs = np.concatenate([model.run_stored([one[np.newaxis]])[0] for one in inputs])
    golden = io.BytesIO()
    np.savez(golden, input_0=inputs, output_0=outputs)
    files = {
        "model.tflite": path.read_bytes(),
        "labels.txt": "".join(f"{label}\n" for label in LABELS).encode(),
        "golden.npz": golden.getvalue(),
    }
    return files, model.contract


@pytest.fixture
def write_bundle(
    tmp_path: Path, bundle_files: tuple[dict[str, bytes], Contract], manifest_of: Callable[..., dict[str, Any]]
) -> Callable[..., Path]:
    """Writes a bundle's zip: `write_bundle(files={...}, changes={...})`, of the manifest; its path is returned."""
    good, contract = bundle_files

    def write(
        files: dict[str, bytes] | None = None,
        listed: dict[str, bytes] | None = None,
        changes: dict[str, Any] | None = None,
    ) -> Path:
        stored = good if files is None else files
        path = tmp_path / "bundle.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            manifest = manifest_of(stored if listed is None else listed, contract, changes or {})
            archive.writestr("manifest.json", json.dumps(manifest))
            for name, data in stored.items():
                archive.writestr(name, data)
        return path

    return write
