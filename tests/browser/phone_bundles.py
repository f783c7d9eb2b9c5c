"""Bundles for browsers, made in a second: a small convolution with random weights, and float tensors at the edges."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from edgecomp_runtime.model import Model

from edgecomp.bundle.pack import BundleContents, Goldens, pack_bundle

LABELS = ("cat", "dog", "<b>fox</b>", "hen")
SHAPE = (24, 32, 3)


def convolution(*, int8: bool = True, int8_edges: bool = False, diagonal: bool = False) -> bytes:
    """The .tflite of a network that tells photos of 24 x 32 pixels apart.

    Args:
        int8: quantized inside.
        int8_edges: at its input and output as well.
        diagonal: its scores go the long way round by a matrix, with an operator that the GPU does not take.
    """
    import tensorflow as tf

    random = np.random.default_rng(5)
    kernel = tf.constant(random.normal(size=(3, 3, 3, 8)), tf.float32)
    head = tf.constant(random.normal(size=(8, len(LABELS))), tf.float32)

    def photo(image: Any) -> Any:
        features = tf.nn.relu(tf.nn.conv2d(image, kernel, 2, "SAME"))
        scores = tf.matmul(tf.reduce_mean(features, (1, 2)), head)
        return {"scores": tf.reduce_sum(tf.linalg.diag(scores), 1) if diagonal else scores}

    module = tf.Module()
    module.call = tf.function(photo, input_signature=[tf.TensorSpec((1, *SHAPE), tf.float32, name="image")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.call.get_concrete_function()], module)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([random.random((1, *SHAPE), np.float32)] for _ in range(20))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if int8_edges:
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def write_bundle(
    path: Path,
    tflite: bytes,
    *,
    change: Callable[[np.ndarray], np.ndarray] = lambda golden: golden,
    activation: str = "none",
) -> Path:
    """Packs a model with four golden samples.

    Args:
        path: of the bundle.
        tflite: the model.
        change: made to the golden outputs.
        activation: that is still to be applied to the scores.
    """
    model = Model.load(tflite, preprocess="0..1,fit=crop,resample=bicubic", labels=LABELS)
    random = np.random.default_rng(6)
    stored = model.inputs[0].encode(random.random((4, *SHAPE), np.float32))
    outputs = np.concatenate([model.run_stored([one[np.newaxis]])[0] for one in stored])
    contents = BundleContents(
        name="animals",
        target="browser",
        scheme="int8",
        io="float",
        model=tflite,
        contract=replace(model.contract, outputs=(replace(model.contract.outputs[0], activation=activation),)),
        goldens=Goldens((stored,), (change(outputs),), tolerance_steps=4),
        verified_with={"engine": "ai_edge_litert", "version": "2.3.0", "machine": "x86_64", "xnnpack": True},
        measured={"latency_ms": None, "metric": None},
    )
    path.write_bytes(pack_bundle(contents))
    return path


def photo_file(folder: Path, kind: str = "png", size: tuple[int, int] = (200, 131)) -> Path:
    """A photo of coloured blobs."""
    from PIL import Image

    random = np.random.default_rng(size[0])
    small = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(buffer, kind, **({"quality": 95} if kind == "jpeg" else {}))
    path = folder / f"photo.{kind}"
    path.write_bytes(buffer.getvalue())
    return path
