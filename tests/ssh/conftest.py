"""A board on loopback, bundles for it, and the command as a person runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this one

import pytest
from loopback_sshd import Board, Keys, make_keys, running_board, why_no_sshd
from photo_bundles import MANY_SAMPLES, write_bundle

from edgecomp.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def data(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.stdout)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    if reason := why_no_sshd():
        pytest.skip(reason)
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def board(keys: Keys, tmp_path: Path) -> Iterator[Board]:
    """A board that nothing was ever put on."""
    folder = tmp_path / "board"
    folder.mkdir()
    with running_board(folder, keys) as one:
        yield one


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Unsigned bundles of the versions 1 and 2 of the model "photo"."""
    folder = tmp_path_factory.mktemp("bundles")
    return {version: write_bundle(folder / f"photo{version}.zip", version) for version in (1, 2)}


@pytest.fixture(scope="session")
def large_bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The same of some megabytes, which take a moment to be sent."""
    folder = tmp_path_factory.mktemp("large-bundles")
    return {version: write_bundle(folder / f"photo{version}.zip", version, samples=MANY_SAMPLES) for version in (1, 2)}


@pytest.fixture
def edgecomp(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs `edgecomp ARGUMENTS` in this process."""
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["edgecomp", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capfd.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err)

    return run
