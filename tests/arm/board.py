"""An ARM board without a network: a Debian system in a folder, entered as root of a world of its own.

`python tests/arm/board.py CPU FOLDER` lays the system out, which scripts/other_runtimes.sh does. To enter it takes a
kernel that lets this user make namespaces and keeps binfmt_misc by namespace (Linux 6.7): programs of the other
architecture then start each other as on a board, which the emulation by folder (`qemu -L`) cannot do.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from edgecomp.emulate.apt import unpack_packages
from edgecomp.emulate.cpus import Cpu, find_cpu

_PACKAGES = ("python3", "libstdc++6", "dash", "coreutils", "diffutils", "openssl", "dpkg", "libc-bin", "tar")
# No wheels of NumPy are published for 32-bit ARM.
_MORE_PACKAGES = {"arm64": (), "armhf": ("python3-numpy", "libatomic1")}

# Executables of each architecture: the first 20 bytes of the ELF header, and which bits of them matter.
_MAGIC = {
    "arm64": r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
    "armhf": r"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00",
}
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"

_ENTER = r"""
set -e
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' ':board:M::{magic}:{mask}:{emulator}:F' > /proc/sys/fs/binfmt_misc/register
mount -t tmpfs none {top}
cp -a {system} {top}/root
cd {top}/root
mkdir -p proc sys dev tmp root run files var/log var/lib/dpkg/info var/lib/dpkg/updates
mkdir -p lib64 lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu
mount --bind {files} files
# The emulator runs in there too, with the libraries of the machine that it was built for.
mount --bind /usr/lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu
mount --bind /usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu
mount --bind /lib64 lib64
mount --rbind /dev dev
mount -t proc proc proc
mount --bind {cpuinfo} proc/cpuinfo
mount -t tmpfs none sys
cp -r {cpus} sys/
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 QEMU_CPU={cpu} chroot . /bin/sh -c {command}
"""


def make(folder: Path, cpu: Cpu) -> None:
    """Lays out the system of a board with a CPU."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    root = unfinished / "root"
    unpack_packages((*_PACKAGES, *_MORE_PACKAGES[cpu.architecture]), cpu.architecture, root)
    for name in ("lib", "bin", "sbin"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    if not (root / "bin/sh").exists():  # what the installation of dash would have linked
        (root / "bin/sh").symlink_to("dash")
    for library in root.glob("usr/lib/*/*/lib*.so.3"):  # likewise, of NumPy's libraries
        if not (library.parent.parent / library.name).exists():
            (library.parent.parent / library.name).symlink_to(f"{library.parent.name}/{library.name}")
    (unfinished / "cpuinfo").write_text(cpu.cpuinfo())
    for name in ("possible", "present", "online"):
        path = unfinished / "sys/devices/system/cpu" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0-3\n")
    unfinished.rename(folder)


def on_board(system: Path, cpu: Cpu, files: Path, command: str, top: Path) -> subprocess.CompletedProcess[str]:
    """Runs a shell command on the board; what it writes outside of /files is gone afterwards.

    Args:
        system: see `make`.
        cpu: likewise.
        files: a folder that the board sees as /files.
        command: for the board's own shell.
        top: an empty folder.
    """
    script = _ENTER.format(
        magic=_MAGIC[cpu.architecture],
        mask=_MASK,
        emulator=shutil.which(cpu.emulator),
        top=shlex.quote(str(top)),
        system=shlex.quote(str(system / "root")),
        files=shlex.quote(str(files)),
        cpuinfo=shlex.quote(str(system / "cpuinfo")),
        cpus=shlex.quote(str(system / "sys/devices")),
        cpu=cpu.name,
        command=shlex.quote(command),
    )
    # No network: the new namespace has not even a loopback device that is up.
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "sh", "-c", script],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


if __name__ == "__main__":
    make(Path(sys.argv[2]), find_cpu(sys.argv[1]))
