"""The installed command: a crash of native code is told, and all else is as if there were no child process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime.cli import child

COMMAND = [sys.executable, "-m", "edgecomp_runtime"]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=120, **options)


@pytest.fixture(scope="module")
def crashing(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model of which one number was changed: a convolution's filter is "no tensor", which LiteRT follows."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs((models / "photo_float.tflite").read_bytes(), 0))
    convolution = model.subgraphs[0].operators[0]
    convolution.inputs = [convolution.inputs[0], -1, *convolution.inputs[2:]]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = tmp_path_factory.mktemp("crashing") / "broken.tflite"
    path.write_bytes(bytes(builder.Output()))
    return path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    np.save(tmp_path / "rows.npy", np.zeros((3, 5), np.float32))
    return tmp_path / "rows.npy"


@pytest.fixture
def dying_engine(tmp_path: Path) -> dict[str, str]:
    """An environment whose `tensorflow` is LiteRT with an `invoke` that crashes the third time."""
    module = tmp_path / "tensorflow/lite/python/interpreter.py"
    module.parent.mkdir(parents=True)
    for folder in (module.parent, module.parent.parent, module.parent.parent.parent):
        (folder / "__init__.py").touch()
    module.write_text(
        "import ctypes\n"
        "from ai_edge_litert.interpreter import Interpreter as Real, OpResolverType\n"
        "class Interpreter(Real):\n"
        "    times = 0\n"
        "    def invoke(self):\n"
        "        self.times += 1\n"
        "        ctypes.string_at(0) if self.times == 3 else super().invoke()\n"
    )
    return {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}


@pytest.mark.parametrize("verb", ["run", "bench", "evaluate"])
def test_a_model_that_kills_the_interpreter_is_named(verb: str, crashing: Path, rows: Path) -> None:
    ended = run(verb, str(crashing), *([str(rows)] if verb != "bench" else []))
    assert ended.returncode == 2
    assert ended.stdout == ""
    # What lies where no tensor is differs from run to run; most often it crashes, and not always by the same signal.
    assert re.search(
        r"the interpreter ai_edge_litert crashed \(SIG[A-Z]+\) while it opened |ai_edge_litert cannot open this model",
        ended.stderr,
    )
    assert str(crashing) in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_input_that_kills_the_interpreter_is_named_and_answers_before_it_are_kept(
    models: Path, rows: Path, dying_engine: dict[str, str]
) -> None:
    arguments = [str(models / "table.tflite"), str(rows), "--engine", "tensorflow"]
    ended = run("run", *arguments, env=dying_engine)
    assert ended.returncode == 2
    assert [line.split(": ")[0] for line in ended.stdout.splitlines()] == [f"{rows}[0]", f"{rows}[1]"]
    assert f"tensorflow crashed (SIGSEGV) while it ran {models / 'table.tflite'} on {rows}[2]; " in ended.stderr
    ended = run("evaluate", *arguments, env=dying_engine)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"on {rows}[2]; " in ended.stderr


def test_an_engine_that_dies_when_it_is_imported_is_told(
    models: Path, rows: Path, dying_engine: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "tensorflow/__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    ended = run("run", str(models / "table.tflite"), str(rows), "--engine", "tensorflow", env=dying_engine)
    assert ended.returncode == 2
    assert ended.stderr.startswith("edgecomp-runtime: the interpreter crashed (SIGILL) while it was imported; ")


def test_running_out_of_memory_is_told_as_that(
    models: Path, rows: Path, dying_engine: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "tensorflow/__init__.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    ended = run("run", str(models / "table.tflite"), str(rows), "--engine", "tensorflow", env=dying_engine)
    assert ended.returncode == 2
    assert "killed the process (SIGKILL)" in ended.stderr
    assert "memory" in ended.stderr


@pytest.fixture
def started(models: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a command that waits for frames that never come, in a process group of its own."""
    processes = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "run", str(models / "table.tflite"), "-", "--frame", "5"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.buffer.write(bytes(5))  # type: ignore[attr-defined]
        process.stdin.flush()
        assert process.stdout.readline().startswith("stdin[0]")  # the model runs
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def _children(process: subprocess.Popen[str]) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


@pytest.mark.parametrize("to_the_group", [True, False])
def test_ctrl_c_ends_it_quietly_with_130(started: Callable[[], subprocess.Popen[str]], to_the_group: bool) -> None:
    process = started()
    (os.killpg if to_the_group else os.kill)(process.pid, signal.SIGINT)
    code = process.wait(timeout=60)  # not communicate(): that closes stdin, and the command may end of that first
    assert process.stderr is not None
    assert (code, process.stderr.read()) == (130, "")


def test_a_termination_reaches_the_child_and_ends_both_alike(started: Callable[[], subprocess.Popen[str]]) -> None:
    process = started()
    (child_id,) = _children(process)
    process.terminate()
    assert process.wait(timeout=60) == -signal.SIGTERM
    assert not Path(f"/proc/{child_id}").exists()


def test_no_child_stays_behind_when_the_parent_is_killed(started: Callable[[], subprocess.Popen[str]]) -> None:
    process = started()
    (child_id,) = _children(process)
    process.kill()
    process.wait(timeout=60)
    end = time.monotonic() + 60
    while _lives(child_id):
        assert time.monotonic() < end, "the child is still there"
        time.sleep(0.05)


def _lives(process: str) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return not state.rsplit(") ", 1)[1].startswith("Z")


def test_a_reader_that_has_seen_enough_ends_it_quietly(models: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "many.npy", np.zeros((30000, 5), np.float32))
    with (tmp_path / "errors").open("w+") as errors:
        process = subprocess.Popen(
            [*COMMAND, "run", str(models / "table.tflite"), str(tmp_path / "many.npy")],
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        errors.seek(0)
        assert errors.read() == ""


def test_exit_codes_come_through(models: Path, tmp_path: Path) -> None:
    assert run("run", "none.tflite", "x.png").returncode == 2
    assert run("no-such-verb").returncode == 2
    assert run("--version").returncode == 0
    (tmp_path / "bundle.zip").write_bytes(b"PK\x03\x04 cut short")
    assert run("verify", str(tmp_path / "bundle.zip")).returncode == 5


def test_where_there_is_no_fork_the_command_runs_right_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert child.in_child(lambda: 7) == 7
