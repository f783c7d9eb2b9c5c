"""`edgecomp convert --plan`: what pruning would remove, and nothing done."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgecomp.cli.main import cli
from edgecomp.errors import InputError

from .networks import network


def test_the_plan_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    network().save(tmp_path / "model.keras")
    options = ["convert", str(tmp_path / "model.keras"), "--target", "raspberry-pi-4b", "--plan"]
    shown = CliRunner().invoke(cli, [*options, "--prune", "params=0.4", "--importance", "l2"])
    assert shown.exit_code == 0, shown.output
    assert "wide" in shown.stdout
    assert "% of the parameters" in shown.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.keras"]
    with pytest.raises(InputError, match="say how much"):
        CliRunner().invoke(cli, options, catch_exceptions=False)
    with pytest.raises(InputError, match="add --data"):
        CliRunner().invoke(cli, [*options, "--prune", "0.4"], catch_exceptions=False)
