"""What `edgecomp profile --on emulate:CPU` reports: does a file compute there what it must, and at what cost.

Nothing here is a time: an emulator's says nothing about a board's.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgecomp_runtime.bundle.read import is_bundle, read_bundle
from edgecomp_runtime.engines import is_tflite

from ..bundle.runtime_wheel import runtime_wheel
from ..errors import InputError, IntegrityError
from ..progress import Steps
from .count import Count, count_instructions
from .cpus import find_cpu
from .operators import OperatorCount, count_operators
from .process import EmulationError, run_process
from .userland import Userland, userland


@dataclass(frozen=True)
class EmulatedProfile:
    """A file on an emulated CPU.

    Args:
        file: its path.
        cpu: the CPU's name.
        interpreter: the package that ran it, with its version.
        count: instructions of one inference.
        operators: by operator; empty where that was not asked for.
        verification: for a bundle with golden samples what `edgecomp-runtime verify --json` prints there, else None.
    """

    file: str
    cpu: str
    interpreter: str
    count: Count
    operators: tuple[OperatorCount, ...]
    verification: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON-ready data."""
        return {
            "file": self.file,
            "on": f"emulate:{self.cpu}",
            "interpreter": self.interpreter,
            "threads": 1,
            "xnnpack_partitions": self.count.partitions,
            "valid": self.count.valid,
            "instructions": self.count.instructions,
            "spread": self.count.spread,
            "operators": [asdict(one) for one in self.operators],
            "verification": self.verification,
        }


def profile_emulated(file: Path, cpu: str, *, by_operator: bool = True, steps: Steps | None = None) -> EmulatedProfile:
    """Runs a bundle's golden samples on an emulated CPU, and counts the instructions of an inference.

    The device package that runs there is the one that is installed here; code that a bundle brings is not run, since an
    emulated program can do all that any program here can.

    Args:
        file: a .tflite or a bundle.
        cpu: one of `CPUS`.
        by_operator: count by operator as well; takes about as many inferences more as there are operators.
        steps: shows progress.

    Raises:
        InputError: there is no such file or CPU, or what emulation needs is missing.
        IntegrityError: the bundle is damaged.
        EmulationError: the emulated interpreter crashed or refused the file.
    """
    steps = steps or Steps()
    find_cpu(cpu)
    model, has_goldens = _read(file)
    system = userland(find_cpu(cpu), steps)
    verification = None
    if has_goldens:
        with steps.step("verify", f"golden samples on an emulated {cpu}"):
            verification = _verify(file, system)
    operators: Sequence[OperatorCount] = ()
    if by_operator:
        with steps.step("count", f"counting instructions on an emulated {cpu}") as step:
            count, operators = count_operators(model, system, step)
    else:
        count = count_instructions({file.name: model}, cpu, steps=steps)[file.name]
    return EmulatedProfile(str(file), cpu, system.interpreter, count, tuple(operators), verification)


def _read(file: Path) -> tuple[bytes, bool]:
    """The model, and whether golden samples come with it."""
    if is_bundle(file):
        bundle = read_bundle(file)
        return bundle.model, bundle.goldens is not None
    if not file.exists():
        raise InputError(f"{file}: there is no such file; check the path")
    if not is_tflite(file):
        raise InputError(f"{file}: is neither a .tflite model nor a bundle; give one of them")
    try:
        return file.read_bytes(), False
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from error


def _verify(bundle: Path, system: Userland) -> dict[str, Any]:
    """What the device's own command says there."""
    name, wheel = runtime_wheel()
    with tempfile.TemporaryDirectory(prefix="edgecomp-emulate-") as place:
        folder = Path(place)
        (folder / name).write_bytes(wheel)
        command = [*system.python(), "-m", "edgecomp_runtime", "verify", bundle.absolute(), "--json"]
        ended = run_process(command, system.environment(folder / name), folder)
    # A bundle that fails is reported in full as well, and ends with another exit code.
    if ended.code in (0, IntegrityError.exit_code) and ended.stdout:
        found: dict[str, Any] = json.loads(ended.stdout)
        return found
    raise EmulationError(f"{bundle}: the golden samples failed on an emulated {system.cpu.name}: {ended.reason}")
