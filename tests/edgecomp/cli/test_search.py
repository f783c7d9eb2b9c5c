"""`edgecomp search` and the goals of `convert` on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgecomp.cli.front_text import front_lines
from edgecomp.cli.main import cli
from edgecomp.errors import EdgecompError, InputError
from edgecomp.pipeline.searching.study_folder import Command, StudyFolder


def invoke(*arguments: Any) -> Any:
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def test_the_help_shows_the_three_ways() -> None:
    shown = invoke("search", "--help")

    assert shown.exit_code == 0
    for word in ("MODEL", "pick", "show", "--trials"):
        assert word in shown.output


@pytest.mark.parametrize("verb", ["run", "pick", "show"])
def test_each_way_has_its_help(verb: str) -> None:
    shown = invoke("search", verb, "--help")

    assert shown.exit_code == 0
    assert "--storage" in shown.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "model.keras"),
        ("search", "model.keras", "--target", "raspberry-pi-4b", "--out", "x", "--trials", "0"),
        ("search", "model.keras", "--target", "raspberry-pi-4b", "--out", "x", "--sampler", "luck"),
        ("search", "pick"),
        ("search", "pick", "folder"),
        ("convert", "model.keras", "--target", "raspberry-pi-4b", "--goal", "fame"),
        ("convert", "model.keras", "--target", "raspberry-pi-4b", "--max-latency", "0"),
    ],
)
def test_bad_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [("show",), ("pick", "--out", "result", "--max-drop", "1")])
def test_a_folder_without_a_search_is_bad_input(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = invoke("search", arguments[0], tmp_path, *arguments[1:])

    assert isinstance(result.exception, EdgecompError)
    assert result.exception.exit_code == 2


@pytest.mark.parametrize("written", ["", "[", "{}", "[]", "7", '{"points": 7}', '{"points": [7]}', '{"points": [{}]}'])
def test_a_front_that_is_damaged_is_bad_input(tmp_path: Path, written: str) -> None:
    (tmp_path / "front.json").write_text(written)
    with pytest.raises(InputError, match=r"front\.json"):
        StudyFolder(tmp_path).front()


def point(name: str, kind: str, loss: float, *, front: bool, **more: Any) -> dict[str, Any]:
    values = {"low": loss - 1, "high": loss + 1, "latency": 1.25, "bytes": 12_345, "summary": f"what {name} is"}
    return {"name": name, "kind": kind, "loss_points": loss, "front": front, "chosen": False, **values, **more}


def test_the_front_is_shown_with_the_float_model_and_the_stock_file_and_what_was_chosen() -> None:
    data = {
        "latency_unit": "ms",
        "judged_on": {"set": "training", "n": 500, "measure": "top1"},
        "noise_points": 0.75,
        "note": "The budget is smaller than the noise.",
        "points": [
            point("float", "float", 0.0, front=True),
            point("stock", "stock", 0.2, front=False),
            point("#0", "candidate", 0.1, front=True),
            point("#1", "candidate", 0.9, front=True, chosen=True),
            point("#2", "candidate", 5.0, front=False),
        ],
    }

    lines = front_lines(data)

    text = "\n".join(lines)
    assert [name in text for name in ("float", "stock", "#0", "> #1", "#2")] == [True, True, True, True, False]
    assert "0.90 (-0.1 to 1.9)" in text
    assert "500 training samples" in text
    assert lines[-1] == "The budget is smaller than the noise."
    assert json.dumps(data)


@pytest.fixture
def without_optuna(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in a Python that finds no Optuna."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "sys.modules['optuna'] = None\n"
        "from edgecomp.cli.main import console_script\n"
        "raise SystemExit(console_script())\n"
    )

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    return run


def test_without_optuna_each_way_says_how_to_install_it(
    tmp_path: Path, without_optuna: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    folder = StudyFolder(tmp_path / "found")
    nothing_given = dict.fromkeys(field.name for field in fields(Command))
    started = {"model": "m.keras", "target": "raspberry-pi-4b", "data": "data", "study": "s", "latency_unit": "ms"}
    folder.save(Command(**{**nothing_given, **started, "allow_code": False}))
    (folder.path / "front.json").write_text('{"points": []}')
    searching = ("m.keras", "--target", "raspberry-pi-4b", "--data", "data", "--out", tmp_path / "new")
    for arguments in (("run", *searching), ("show", folder.path), ("pick", folder.path, "--out", tmp_path / "bundle")):
        ended = without_optuna("search", *arguments)
        assert ended.returncode == 2, (arguments, ended.stderr)
        assert "pip install 'edgecomp[search]'" in ended.stderr, arguments
