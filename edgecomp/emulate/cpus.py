"""The CPUs that can be emulated, and what Linux tells programs about them.

LiteRT chooses its kernels by `/proc/cpuinfo` and stops the process where that is one of another architecture; the
emulator's own default CPU gives wrong int8 results without a word. So a CPU is always named, and comes with its text.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError

CORES = 4
"""Of the emulated machine, whatever the real one has, so that nothing depends on that."""


@dataclass(frozen=True)
class Cpu:
    """An emulated CPU.

    Args:
        name: as qemu calls it.
        architecture: as Debian calls it: "arm64" or "armhf".
        features: the flags of `/proc/cpuinfo`, as Linux prints them on a board with this CPU.
        part: its part number in the register MIDR_EL1, from Arm's technical reference manual.
        variant: major revision.
        revision: minor revision.
    """

    name: str
    architecture: str
    features: str
    part: str
    variant: str
    revision: int

    @property
    def emulator(self) -> str:
        """The qemu program that runs it."""
        return "qemu-arm" if self.architecture == "armhf" else "qemu-aarch64"

    def cpuinfo(self) -> str:
        """What `/proc/cpuinfo` says."""
        generation = 7 if self.architecture == "armhf" else 8
        model = f"model name\t: ARMv7 Processor rev {self.revision} (v7l)\n" if generation == 7 else ""
        return "".join(
            f"processor\t: {core}\n{model}BogoMIPS\t: 38.40\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: {generation}\nCPU variant\t: {self.variant}\nCPU part\t: {self.part}\n"
            f"CPU revision\t: {self.revision}\n\n"
            for core in range(CORES)
        )


_A7_FEATURES = "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm"
_A53_FEATURES = "fp asimd evtstrm crc32 cpuid"
_A76_FEATURES = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs"
)

CPUS = {
    cpu.name: cpu
    for cpu in (
        Cpu("cortex-a53", "arm64", _A53_FEATURES, "0xd03", "0x0", 4),  # Raspberry Pi 3, Zero 2 W
        Cpu("cortex-a72", "arm64", _A53_FEATURES, "0xd08", "0x0", 3),  # Raspberry Pi 4
        Cpu("cortex-a76", "arm64", _A76_FEATURES, "0xd0b", "0x4", 1),  # Raspberry Pi 5: dot products, half precision
        Cpu("cortex-a7", "armhf", _A7_FEATURES, "0xc07", "0x0", 5),  # Raspberry Pi 2; 32-bit systems on later boards
    )
}
"""By name."""


def find_cpu(name: str) -> Cpu:
    """The CPU of a name.

    Raises:
        InputError: there is none; the message lists those there are.
    """
    if name not in CPUS:
        raise InputError(f"the CPU {name!r} cannot be emulated; choose one of {', '.join(CPUS)}")
    return CPUS[name]
