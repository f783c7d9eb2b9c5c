"""What only lists or explains answers at once: no TensorFlow, no Keras, nothing heavy."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "ai_edge_litert", "litert_quantizer", "sklearn", "h5py")
_PROBE = """
import sys
sys.argv = ["edgecomp", *{arguments!r}]
from edgecomp.cli.main import main
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
sys.exit(code)
"""


def loaded_by(*arguments: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", _PROBE.format(arguments=arguments)], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return set(run.stderr.rpartition("LOADED")[2].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("targets", "list"),
        ("targets", "show", "raspberry-pi-4b"),
        ("convert", "--help"),
        ("evaluate", "--help"),
        ("inspect", "--help"),
        ("profile", "--help"),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(arguments: tuple[str, ...]) -> None:
    assert not loaded_by(*arguments) & set(HEAVY)


def test_help_does_without_numpy_too() -> None:
    assert not loaded_by("--help") & {"numpy", "PIL", "yaml", "rich"}


def test_help_answers_in_half_a_second() -> None:
    """Of the CPU, and the best of five: others may be using this machine, too."""

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "edgecomp.cli.main", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.5
