"""`inspect_file`: what is found in a model before anything is done to it."""

from __future__ import annotations

from pathlib import Path

from edgecomp.pipeline.inspect import inspect_file

from .networks import network


def test_inspect_counts_dead_channels(tmp_path: Path) -> None:
    for dead in (0, 12):
        network(dead=dead).save(tmp_path / "model.keras")
        found = [one.what for one in inspect_file(tmp_path / "model.keras").findings if one.rule == "dead-channels"]
        assert bool(found) == bool(dead)
        assert not dead or "12 channels are constant for every input" in found[0]
