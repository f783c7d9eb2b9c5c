"""A device profile as frozen data. What is not known of a device is None or empty, never guessed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .micro_operators import MICRO_OPERATORS
from .prediction import Prediction

if TYPE_CHECKING:
    from edgecomp.tflite.micro_memory import Kernels

# Kernels that are written for a core, by its instruction set.
_MICRO_KERNELS: dict[str, Kernels] = {"armv7e-m": "cmsis-nn", "xtensa-lx7": "esp-nn"}


@dataclass(frozen=True)
class Cluster:
    """Equal cores of a CPU that has several kinds. `ghz` is the highest clock."""

    model: str
    cores: int
    ghz: float | None = None


@dataclass(frozen=True)
class Cpu:
    """The processor that runs the interpreter.

    Args:
        isa: base instruction set: "armv7-a", "armv8-a", "armv9-a", "x86-64" or "wasm32"; of microcontrollers
            "armv7e-m" or "xtensa-lx7".
        model: its name ("Cortex-A72").
        cores: number of cores.
        ghz: highest clock of the fastest core.
        features: extensions that kernels make use of, in GCC's spelling ("neon", "dotprod", "fp16", "i8mm", "avx2").
        clusters: the kinds of cores, fastest first, where there are several.
    """

    isa: str
    model: str | None = None
    cores: int | None = None
    ghz: float | None = None
    features: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = ()


@dataclass(frozen=True)
class Memory:
    """Memory of the smallest version of the device that the profile promises to fit.

    Args:
        ram_mb: installed memory, in MiB.
        budget_mb: what a model may take at its peak, in MiB: our choice, which leaves room for the system and the
            application. Weights and activations together, or activations alone where weights stay in flash.
        copy_gb_s: measured speed of copying memory, in GB/s.
        flash_mb: flash that program and weights are executed and read from in place, in MiB; None where models are
            loaded into memory.
    """

    ram_mb: float | None = None
    budget_mb: float | None = None
    copy_gb_s: float | None = None
    flash_mb: float | None = None


@dataclass(frozen=True)
class Release:
    """A release of the operating system: its own Python ("3.11") and glibc ("2.36")."""

    name: str
    python: str | None = None
    glibc: str | None = None


@dataclass(frozen=True)
class OperatingSystem:
    """The userland: `arch` as `uname -m` says ("aarch64", "armv7l", "x86_64"; or "wasm32"; "none" on bare metal, where
    programs are firmware), releases newest first."""

    arch: str
    releases: tuple[Release, ...] = ()


@dataclass(frozen=True)
class Package:
    """A package that brings an interpreter.

    Args:
        name: as the installer calls it.
        version: the version the profile was written for.
        installer: "pip", "npm", "maven", "system", or "source" for what is compiled into a firmware.
        pythons: minor versions of Python with a wheel for this architecture ("3.11"); empty where Python plays no part.
        requires: what else has to be asked for, as the installer spells it ("numpy<2").
    """

    name: str
    version: str | None = None
    installer: str = "pip"
    pythons: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Runtime:
    """What runs the model.

    Args:
        packages: the interpreters that can be had, preferred first.
        delegates: "xnnpack", "edgetpu", "gpu", "npu" or "none", the default first.
        threads: what the interpreter is given unless the user says otherwise.
    """

    packages: tuple[Package, ...]
    delegates: tuple[str, ...]
    threads: int = 1


@dataclass(frozen=True)
class ModelRules:
    """What a model for this device may look like.

    Args:
        schemes: number formats that run: "int8", "float32", "float16", "dynamic", "int16x8", "int4", "dynamic4".
        slow_schemes: those among them that run without fast kernels.
        default_scheme: what is made unless the user says otherwise.
        io: dtypes of inputs and outputs that the runtime takes: "int8", "float".
        default_io: what is made for an integer scheme unless the user says otherwise.
        activations: zero points of integer activations: "asymmetric" (any) or "symmetric" (0 where a kernel allows it).
        weights: scales of integer weights: "per-channel" or "per-tensor".
        channel_multiple: widths of layers that fill the kernels are multiples of this.
        static_shapes: whether every size must be known before the model runs.
    """

    schemes: tuple[str, ...]
    default_scheme: str
    io: tuple[str, ...]
    default_io: str
    slow_schemes: tuple[str, ...] = ()
    activations: str = "asymmetric"
    weights: str = "per-channel"
    channel_multiple: int = 8
    static_shapes: bool = False

    @property
    def symmetric_activations(self) -> bool:
        return self.activations == "symmetric"

    @property
    def per_tensor_weights(self) -> bool:
        return self.weights == "per-tensor"


@dataclass(frozen=True)
class OperatorRules:
    """Which operators run. The library's own do, except `denied`; custom ones do not, except `custom`.

    Args:
        library: the kernels: "tflite" (all builtin operators) or "tflite-micro" (`micro_operators.MICRO_OPERATORS`).
        custom: custom operators that the runtime brings along.
        denied: builtin operators that it does not run.
        accelerated: operators that the accelerator takes; others run on the CPU. Empty where that makes no difference.
    """

    library: str = "tflite"
    custom: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    accelerated: tuple[str, ...] = ()

    def lacks(self, builtin: str) -> bool:
        """Whether a builtin operator does not run."""
        return builtin in self.denied or (self.library == "tflite-micro" and builtin not in MICRO_OPERATORS)


@dataclass(frozen=True)
class Limits:
    """Limits besides memory: `file_mb` is the largest .tflite, in MiB."""

    file_mb: float | None = None


@dataclass(frozen=True)
class Thermal:
    """Temperatures of the chip in Celsius at which it slows down: a little (`soft_c`) and strongly (`throttle_c`)."""

    soft_c: float | None = None
    throttle_c: float | None = None


@dataclass(frozen=True)
class Latency:
    """A published measurement, to check predictions against.

    Args:
        model: the network and, where it has several, its input size.
        precision: "float32" or "int8".
        ms: milliseconds per inference.
        source: who published it, where.
        threads: number of threads; None for several, where the source does not say how many.
        device: the device, where it is not the profile's own.
    """

    model: str
    precision: str
    ms: float
    source: str
    threads: int | None = None
    device: str | None = None


@dataclass(frozen=True)
class Target:
    """A device, or a kind of device, that models are made for.

    Args:
        name: what `--target` takes: lower-case letters, digits and dashes.
        title: what people call it.
        cpu: its processor.
        os: its operating system.
        runtime: which interpreters it has, and how they run.
        model: what a model for it may look like.
        memory: how much there is, and how much of it a model may take.
        operators: which of them run.
        limits: on files.
        thermal: temperatures at which it slows down.
        latencies: published measurements.
        prediction: coefficients of the latency model, where there are any.
        notes: sentences worth knowing.
        path: the file it was read from.
    """

    name: str
    title: str
    cpu: Cpu
    os: OperatingSystem
    runtime: Runtime
    model: ModelRules
    memory: Memory = Memory()
    operators: OperatorRules = OperatorRules()
    limits: Limits = Limits()
    thermal: Thermal = Thermal()
    latencies: tuple[Latency, ...] = ()
    prediction: Prediction | None = None
    notes: tuple[str, ...] = ()
    path: Path | None = None

    @property
    def micro_kernels(self) -> Kernels | None:
        """Whose kernels TFLite Micro is compiled with for this core; None where another runtime runs the model."""
        if self.operators.library != "tflite-micro":
            return None
        return _MICRO_KERNELS.get(self.cpu.isa, "reference")

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON-ready data, without the path and without what is unknown."""
        known = {key: value for key, value in dataclasses.asdict(self).items() if key != "path"}
        return {key: value for key, value in _without_unknown(known).items() if value != {}}


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknown(one) for key, one in value.items() if one is not None and one != ()}
    if isinstance(value, tuple):
        return [_without_unknown(one) for one in value]
    return value
