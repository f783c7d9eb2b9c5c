"""An ARM system's Python with an interpreter for .tflite files, in a folder: what programs under emulation see.

userland/root/        libraries and Python of the machine's own distribution, for the other architecture
userland/packages/    the published wheels of the interpreter, for that Python
userland/cpus/NAME/   the same root with what Linux says about that CPU, for qemu's option -L
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..cache import cache_folder, made_once
from ..errors import InputError
from ..progress import Step, Steps
from . import guest
from .apt import unpack_packages
from .commands import require_programs, run_command
from .cpus import CORES, CPUS, Cpu
from .process import run_process

# What Python is made of, and the C++ library that wheels expect of the system.
_SYSTEM_PACKAGES = {
    "arm64": ("python3", "libstdc++6"),
    # No wheels of NumPy are published for 32-bit ARM; the distribution's own is built for its Python.
    "armhf": ("python3", "libstdc++6", "libatomic1", "python3-numpy"),
}

# By the oldest C library each wheel asks for; pip wants every tag spelled out for another machine's wheels.
_WHEEL_PLATFORMS = {
    "arm64": tuple(f"{tag}_aarch64" for tag in ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux2014")),
    "armhf": tuple(f"{tag}_armv7l" for tag in ("manylinux_2_34", "manylinux_2_31", "manylinux2014")),
}

TFLITE_RUNTIME = "2.14.0"
"""The last one, and the only one that is published for 32-bit ARM."""


@dataclass(frozen=True)
class Userland:
    """A folder with an ARM system.

    Args:
        folder: laid out as this module's docstring says.
        cpu: the one it is seen with.
    """

    folder: Path
    cpu: Cpu

    @property
    def prefix(self) -> Path:
        """What a program under emulation takes for `/`, where a file is there."""
        return self.folder / "cpus" / self.cpu.name

    @property
    def interpreter(self) -> str:
        """The package that runs .tflite files there, with its version."""
        return _interpreter(self.cpu.architecture).replace("==", " ")

    def python(self, counter: Path | None = None, counts: Path | None = None) -> list[str | Path]:
        """The command line that starts its Python under emulation, up to that one's arguments.

        Args:
            counter: the plugin that counts instructions, or None.
            counts: the file it writes to.
        """
        plugin = []
        if counter is not None:
            plugin = ["-plugin", ",".join(_escaped(part) for part in (str(counter), f"out={counts}"))]
        # Without site, so that nothing of this machine's own Python is on the path.
        python = self.folder / "root/usr/bin/python3"
        return [
            shutil.which(self.cpu.emulator) or self.cpu.emulator,
            "-cpu",
            self.cpu.name,
            *plugin,
            "-L",
            self.prefix,
            python,
            "-S",
        ]

    def environment(self, *more: Path) -> dict[str, str]:
        """The variables of a Python under emulation.

        Args:
            *more: folders or wheels that Python shall find modules in.
        """
        modules = (*more, self.folder / "packages", self.folder / "root/usr/lib/python3/dist-packages")
        return {
            "LANG": "C.UTF-8",
            "PYTHONPATH": ":".join(map(str, modules)),
            # The order of sets, and so the number of instructions, hangs on it.
            "PYTHONHASHSEED": "0",
            # Compiled modules that come to be later would make the second run another one than the first.
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def userland(cpu: Cpu, steps: Steps | None = None) -> Userland:
    """The system for a CPU, made if it is not there; that takes half a minute and 150 to 350 MB.

    Args:
        cpu: one of `CPUS`.
        steps: shows progress.

    Raises:
        InputError: a program is missing, packages cannot be fetched, or the cache folder cannot be written.
    """
    folder = userland_folder(cpu)
    if not folder.exists():
        require_programs([cpu.emulator, "gcc", "apt-get", "dpkg-deb"])
        with (steps or Steps()).step("userland", f"setting up an {cpu.architecture} system, once") as step:
            made_once(
                folder,
                lambda unfinished: _make(unfinished, cpu.architecture, step),
                lambda: step.now(f"waiting for another edgecomp that sets up an {cpu.architecture} system"),
            )
    return Userland(folder, cpu)


def userland_folder(cpu: Cpu) -> Path:
    """Where the system for a CPU is kept; a newer interpreter gets one of its own."""
    return cache_folder() / "emulate" / f"{cpu.architecture}-{_interpreter(cpu.architecture).replace('==', '-')}"


def _make(folder: Path, architecture: str, step: Step) -> None:
    step.now(f"fetching an {architecture} Python")
    root = folder / "root"
    unpack_packages(_SYSTEM_PACKAGES[architecture], architecture, root)
    _link_system_folders(root)
    step.now(f"fetching {_interpreter(architecture)} for {architecture}")
    _install_wheels(folder / "packages", architecture, _python_version(root))
    for cpu in CPUS.values():
        if cpu.architecture == architecture:
            _make_prefix(folder / "cpus" / cpu.name, root, cpu)
    step.now(f"trying {architecture} Python")
    _try(folder, next(cpu for cpu in CPUS.values() if cpu.architecture == architecture))


def _try(folder: Path, cpu: Cpu) -> None:
    """Starts it once: proves that it works, and leaves the compiled modules that make later starts alike and faster."""
    system = Userland(folder, cpu)
    environment = {**system.environment(), "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryDirectory(prefix="edgecomp-emulate-") as place:
        ended = run_process([*system.python(), guest.__file__, "--try"], environment, Path(place))
    if ended.code:
        raise InputError(
            f"{system.interpreter} does not start under {cpu.emulator} here: {ended.reason}; another version of "
            "qemu-user may help"
        )


def _interpreter(architecture: str) -> str:
    """On 64-bit ARM the one that is used here too, so that results can be compared."""
    if architecture == "armhf":
        return f"tflite-runtime=={TFLITE_RUNTIME}"
    return f"ai-edge-litert=={version('ai-edge-litert')}"


def _link_system_folders(root: Path) -> None:
    """What the installation of packages would have linked, had it been run."""
    for name in ("lib", "bin"):
        if not (root / name).exists():  # from Debian 13 on the files of packages are in /usr alone
            (root / name).symlink_to(f"usr/{name}")
    for library in root.glob("usr/lib/*/*/lib*.so.3"):  # alternatives: blas/libblas.so.3, lapack/liblapack.so.3
        link = library.parent.parent / library.name
        if not link.exists():
            link.symlink_to(library.relative_to(link.parent))


def _python_version(root: Path) -> str:
    return (root / "usr/bin/python3").readlink().name.removeprefix("python")


def _install_wheels(folder: Path, architecture: str, python: str) -> None:
    packages = [_interpreter(architecture), *(["numpy"] if architecture == "arm64" else [])]
    platforms = (part for platform in _WHEEL_PLATFORMS[architecture] for part in ("--platform", platform))
    run_command(
        f"fetching {' and '.join(packages)} for Python {python} on {architecture}",
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--target", folder, "--only-binary=:all:", "--no-deps", "--implementation", "cp"),
            *("--python-version", python, "--abi", f"cp{python.replace('.', '')}", *platforms, *packages),
        ],
    )


def _make_prefix(prefix: Path, root: Path, cpu: Cpu) -> None:
    prefix.mkdir(parents=True)
    for entry in root.iterdir():
        (prefix / entry.name).symlink_to(f"../../root/{entry.name}")
    _write(prefix / "proc/cpuinfo", cpu.cpuinfo())
    for name in ("possible", "present", "online"):
        _write(prefix / "sys/devices/system/cpu" / name, f"0-{CORES - 1}\n")


def _escaped(part: str) -> str:
    return part.replace(",", ",,")  # as qemu's options want it


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
