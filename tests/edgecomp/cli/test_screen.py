"""Tables are whole where nobody says how wide they may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from edgecomp.cli.screen import screen

from ...browser.phone_bundles import convolution, write_bundle


def test_a_pipe_gets_names_uncut(capsys: Any) -> None:
    name = "a_long_name_of_a_layer_" * 5
    table = Table("layer", "figure", box=None)
    table.add_row(name, "1")
    screen().print(table)
    assert name in capsys.readouterr().out


def test_what_a_bundle_is_reads_as_words(tmp_path: Path, edgecomp: Callable[..., Any]) -> None:
    bundle = write_bundle(tmp_path / "bundle.zip", convolution(int8_edges=True))
    ended = edgecomp("inspect", bundle)
    assert ended.code == 0
    assert "signed: no" in ended.stdout
