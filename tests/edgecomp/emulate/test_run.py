"""The other Python: what is handed to it and back, and how its end is told. It need not be emulated for that."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecomp.emulate.inputs import made_up_inputs
from edgecomp.emulate.process import EmulationError, run_process
from edgecomp.emulate.run import Job, run_guest
from edgecomp.tflite import read_tflite

HERE = {"PYTHONPATH": os.pathsep.join(sys.path)}


def _job(network: Any, samples: int = 3) -> Job:
    return Job(network.file, made_up_inputs(read_tflite(network.file), samples))


def test_outputs_come_back_in_the_graphs_order(network: Callable[[str], Any], tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    jobs = {name: _job(network(name)) for name in ("conv", "two inputs")}
    begun: list[int] = []
    ran = run_guest([sys.executable], HERE, jobs, tmp_path, "here", begun=lambda: begun.append(1))
    assert list(ran) == list(jobs)
    assert len(begun) == 2
    for name, job in jobs.items():
        interpreter = Interpreter(model_content=job.model, num_threads=1)
        interpreter.allocate_tensors()
        for sample in range(3):
            for detail, values in zip(interpreter.get_input_details(), job.inputs, strict=True):
                interpreter.set_tensor(detail["index"], values[sample])
            interpreter.invoke()
            for detail, found in zip(interpreter.get_output_details(), ran[name].outputs, strict=True):
                np.testing.assert_array_equal(found[sample], interpreter.get_tensor(detail["index"]))
        assert ran[name].partitions == 1
        assert ran[name].instructions == ()


def test_a_file_that_is_refused_is_named_with_the_reason(network: Callable[[str], Any], tmp_path: Path) -> None:
    good = _job(network("dense"))
    jobs = {"good": good, "bad": Job(b"\x1c\0\0\0TFL3" + bytes(64), good.inputs)}
    with pytest.raises(EmulationError, match=r"^bad: the interpreter failed over there: \w+Error: "):
        run_guest([sys.executable], HERE, jobs, tmp_path, "over there")


def test_a_crash_is_reported_as_one(network: Callable[[str], Any], tmp_path: Path) -> None:
    dying = [sys.executable, "-c", "import os; print(0, flush=True); os.abort()"]
    with pytest.raises(EmulationError, match=r"^first: the interpreter failed over there: it crashed \(SIGABRT\)") as e:
        run_guest(dying, HERE, {"first": _job(network("dense"))}, tmp_path, "over there")
    assert e.value.exit_code == 4


def test_being_interrupted_ends_the_process(tmp_path: Path) -> None:
    pids = []

    def stop(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    waiting = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        run_process([sys.executable, "-c", waiting], HERE, tmp_path, stop)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_counts_are_what_lies_between_the_marks_less_the_marks(network: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "counts").write_text("100 110 200 1210 2000 3015 5000 5020 6000 8020 9000 11020".replace(" ", "\n"))
    jobs = {"first": _job(network("dense"), 1), "second": _job(network("dense"), 1)}
    ran = run_guest([sys.executable], HERE, jobs, tmp_path, "here", counted=2)
    assert ran["first"].instructions == (1000, 1005)
    assert ran["second"].instructions == (2000, 2000)
