"""Bundles of a small real network, in versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from edgecomp_runtime import Model

from edgecomp.bundle import BundleContents, Goldens, Release, pack_bundle
from edgecomp.latency.micro.builder import NetworkBuilder

SAMPLES, MANY_SAMPLES = 4, 60
"""Of the latter a bundle has megabytes: random golden samples cannot be compressed."""


def small_network(channels: int = 16) -> bytes:
    """An int8 network: [1, 64, 64, 16] -> [1, 31, 31, channels]."""
    network = NetworkBuilder("int8")
    return network.finish(network.convolution(network.input(1, 64, 64, 16), channels, 3, stride=2, same=False))


def write_bundle(
    path: Path, version: int = 0, *, channels: int = 16, wrong: bool = False, samples: int = SAMPLES
) -> Path:
    """Writes a bundle of "photo".

    Args:
        path: the file.
        version: of the model.
        channels: makes another model.
        wrong: golden outputs that no device gives.
        samples: golden ones.
    """
    file = small_network(channels)
    model = Model.load(file, engine="ai_edge_litert", preprocess="none")
    inputs = np.random.default_rng(version).integers(-128, 128, (samples, 64, 64, 16), dtype=np.int8)
    outputs = np.concatenate([model.run_stored([one[np.newaxis]])[0] for one in inputs])
    contents = BundleContents(
        name="photo",
        target="linux-x86-64",
        scheme="int8",
        io="int8",
        model=file,
        contract=model.contract,
        goldens=Goldens((inputs,), (outputs ^ 85 if wrong else outputs,), tolerance_steps=1),
        verified_with={"engine": "ai_edge_litert", "version": "2.3.0", "machine": "x86_64", "xnnpack": True},
        measured={"latency_ms": None, "metric": None},
    )
    path.write_bytes(pack_bundle(contents, Release(version=version)))
    return path
